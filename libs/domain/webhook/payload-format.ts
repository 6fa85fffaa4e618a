import type { Fault } from '../fault.js';
import { builtInFormat, type BuiltInFormat } from '../formats/built-in-formats.js';
import {
  PLAIN_FORMAT,
  type FormatDefinition,
  type FormatSignature,
  type HmacSignature,
} from '../formats/format-definition.js';
import { isSensitiveHeader } from './credentials.js';
import { signatureHeaderFault, signatureTemplateFaults } from './format-signature.js';
import { headerNameFault } from './request-headers.js';

/** A format of the webhook's own design. */
export interface CustomFormat {
  /** Template of the body; null for the standard one. */
  body: string | null;
  /** Templates of headers, by name. */
  headers: Record<string, string>;
  /** null for the standard one alone. */
  signature: FormatSignature | null;
}

export type PayloadFormat = BuiltInFormat | CustomFormat;

/** A format as it is rendered, whoever made it. */
export function definitionOf(format: PayloadFormat): FormatDefinition {
  if (typeof format === 'string') return builtInFormat(format);
  const { body, headers, signature } = format;
  return {
    ...PLAIN_FORMAT,
    description: '',
    body: body ?? builtInFormat('standard').body,
    headers,
    signature,
  };
}

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
  if (typeof format === 'string') return builtInFaults(format, taken);
  const { body, headers, signature } = format;
  const names = Object.keys(headers);
  const faults = body === null ? [] : lengthFaults('format.body', body, FORMAT_LIMITS.body);
  if (body !== null && !isPlainLines(body)) faults.push({ path: 'format.body', message: NOT_PLAIN_LINES });
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
  if (!signature || signature.scheme === 'v1a') return faults;
  return [
    ...faults,
    ...signatureHeaderFaults(signature, seen),
    ...lengthFaults('format.signature.prefix', signature.prefix, FORMAT_LIMITS.prefix),
    ...contentFaults(signature),
  ];
}

function signatureHeaderFaults({ header }: HmacSignature, seen: Set<string>): Fault[] {
  const path = 'format.signature.header';
  const message = signatureHeaderFault(header);
  return message === undefined ? nameFaults(path, header, seen) : [{ path, message }];
}

/** An empty content is told of once: that it has no body in it goes without saying. */
function contentFaults(signature: HmacSignature): Fault[] {
  const faults = lineFaults('format.signature.content', signature.content, FORMAT_LIMITS.content);
  return faults.length > 0 ? faults : signatureTemplateFaults(signature);
}

function builtInFaults(format: BuiltInFormat, taken: ReadonlySet<string>): Fault[] {
  const { headers, signature } = builtInFormat(format);
  const own = [
    ...Object.keys(headers),
    ...(signature === null || signature.scheme === 'v1a' ? [] : [signature.header]),
  ];
  return own
    .filter((name) => taken.has(name.toLowerCase()))
    .map((name) => ({
      path: 'format',
      message: `sets the header ${name}, which the webhook sets otherwise`,
    }));
}

/** A format says what its body is; nobody else may. */
function nameFaults(path: string, name: string, seen: Set<string>): Fault[] {
  const wrong = name.toLowerCase() === 'content-type' ? undefined : headerNameFault(name);
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
