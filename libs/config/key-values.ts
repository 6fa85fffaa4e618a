import { z } from 'zod';

/** What OpenTelemetry writes as `key=value,key=value`, with percent-encoded values. */
export const keyValues = z.string().transform((text, context): Record<string, string> => {
  const pairs: Record<string, string> = {};
  for (const part of text.split(',')) {
    if (part.trim() === '') continue;
    const [, key, value] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(.*?)\s*$/.exec(part) ?? [];
    const decoded = value === undefined ? undefined : percentDecoded(value);
    if (key === undefined || decoded === undefined || /[^\t\x20-\x7e\x80-\u{10ffff}]/u.test(decoded)) {
      // Without the text: it may be a secret.
      context.addIssue('must be key=value,key=value, with percent-encoded values');
      return z.NEVER;
    }
    pairs[key] = decoded;
  }
  return pairs;
});

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
