import type { Fault } from '../fault.js';
import { isSensitiveHeader } from './credentials.js';
import { headerNameFault } from './request-headers.js';

/** The formats that come with Tidings, those of earlier systems among them. */
export const BUILT_IN_FORMATS = [
  'standard',
  'cloudevents',
  'cloudevents-binary',
  'raw',
  'slack',
  'discord',
  'teams',
  'rag-chatbot',
  'systemprompt',
  'taskflow',
  'nexus',
  'notely',
] as const;
export type BuiltInFormat = (typeof BUILT_IN_FORMATS)[number];

export const SIGNATURE_SCHEMES = ['hmac-sha256', 'hmac-sha512'] as const;
export const SIGNATURE_ENCODINGS = ['hex', 'base64'] as const;

/** A signature of the webhook's own design, beside or instead of the standard one. */
export interface FormatSignature {
  scheme: (typeof SIGNATURE_SCHEMES)[number];
  /** The header that carries it. */
  header: string;
  /** Stands before it in the header, such as `sha256=`. */
  prefix: string;
  /** Template of what is signed. */
  content: string;
  encoding: (typeof SIGNATURE_ENCODINGS)[number];
}

/** A format of the webhook's own design. */
export interface CustomFormat {
  /** Template of the body. */
  body: string;
  /** Templates of headers, by name. */
  headers: Record<string, string>;
  /** null for the standard one. */
  signature: FormatSignature | null;
}

export type PayloadFormat = BuiltInFormat | CustomFormat;

/** The bounds of a custom format, both ends included; of templates in characters. */
export const FORMAT_LIMITS = {
  body: { min: 1, max: 65_536 },
  headers: 20,
  header: { min: 1, max: 1_024 },
  prefix: { min: 0, max: 64 },
  content: { min: 1, max: 1_024 },
} as const;

/**
 * Whether a long text holds lines, tabs and no other control characters. Each
 * of those is six bytes in JSON, and the largest webhook must fit a message of
 * NATS (webhook-fields.int.spec.ts).
 */
export function isPlainLines(text: string): boolean {
  return text.isWellFormed() && !/[^\P{Cc}\n\r\t]/u.test(text);
}

export const NOT_PLAIN_LINES = 'must hold no control characters but lines and tabs, and no broken Unicode';

/**
 * What is wrong with a format; the paths begin with `format`. Whether its
 * templates can be rendered is not asked here.
 * @param taken names of headers, in lower case, that the webhook sets otherwise
 */
export function formatFaults(format: PayloadFormat, taken: ReadonlySet<string>): Fault[] {
  if (typeof format === 'string') return [];
  const { body, headers, signature } = format;
  const names = Object.keys(headers);
  const faults = [...lengthFaults('format.body', body, FORMAT_LIMITS.body)];
  if (!isPlainLines(body)) faults.push({ path: 'format.body', message: NOT_PLAIN_LINES });
  if (names.length > FORMAT_LIMITS.headers)
    faults.push({
      path: 'format.headers',
      message: `must be at most ${FORMAT_LIMITS.headers} headers, but are ${names.length}`,
    });
  const seen = new Set(taken);
  for (const name of names.slice(0, FORMAT_LIMITS.headers)) {
    const path = `format.headers.${name}`;
    faults.push(
      ...nameFaults(path, name, seen),
      ...lineFaults(path, headers[name] ?? '', FORMAT_LIMITS.header),
    );
    // Formats are kept and shown in clear, in the ledger for ever.
    if (isSensitiveHeader(name))
      faults.push({
        path,
        message: 'tells of a secret by its name: it belongs in the headers of the webhook',
      });
  }
  if (!signature) return faults;
  return [
    ...faults,
    ...nameFaults('format.signature.header', signature.header, seen),
    ...lineFaults('format.signature.prefix', signature.prefix, FORMAT_LIMITS.prefix),
    ...lineFaults('format.signature.content', signature.content, FORMAT_LIMITS.content),
  ];
}

function nameFaults(path: string, name: string, seen: Set<string>): Fault[] {
  const wrong = headerNameFault(name);
  const twice = seen.has(name.toLowerCase());
  seen.add(name.toLowerCase());
  return [
    ...(wrong === undefined ? [] : [{ path, message: wrong }]),
    ...(twice ? [{ path, message: `is set twice: the webhook has another header ${name}` }] : []),
  ];
}

function lengthFaults(path: string, text: string, { min, max }: { min: number; max: number }): Fault[] {
  if (text.length >= min && text.length <= max) return [];
  return [{ path, message: `must be from ${min} to ${max} characters, but is ${text.length} characters` }];
}

function lineFaults(path: string, text: string, bounds: { min: number; max: number }): Fault[] {
  const faults = lengthFaults(path, text, bounds);
  if (!text.isWellFormed() || /\p{Cc}/u.test(text))
    faults.push({ path, message: 'must hold no control characters and no broken Unicode' });
  return faults;
}
