import type { Fault } from '../fault.js';
import { builtInFormat, type BuiltInFormat } from '../formats/built-in-formats.js';
import type { FormatSignature, HmacSignature, SIGNATURE_ENCODINGS } from '../formats/format-definition.js';
import { PREFIX_VARIABLES, readTemplate, SIGNED_VARIABLES, type TemplatePart } from './signature-template.js';

/** A format, as far as its signature goes. */
type SignedFormat = BuiltInFormat | { signature: FormatSignature | null };

/** How a format is signed beyond the `v1` of Standard Webhooks, which is in every request; null for not at all. */
export function signatureOf(format: SignedFormat): FormatSignature | null {
  if (typeof format === 'string') return builtInFormat(format).signature;
  return format.signature;
}

/**
 * Whether a format's receivers know the secret as one of Standard Webhooks,
 * `whsec_...`; those of other schemes may know any text, whose UTF-8 bytes are
 * the key.
 */
export function needsStandardSecret(format: SignedFormat): boolean {
  const signature = signatureOf(format);
  return signature === null || signature.scheme === 'v1a';
}

/** How requests are signed, the templates read. */
export type SigningScheme = { kind: 'v1' } | { kind: 'v1a' } | HmacScheme;

export interface HmacScheme {
  kind: 'hmac';
  hash: 'sha256' | 'sha512';
  header: string;
  prefix: TemplatePart[];
  content: TemplatePart[];
  encoding: (typeof SIGNATURE_ENCODINGS)[number];
}

/** @throws Error when a template cannot be read, which formatFaults would have told */
export function signingSchemeOf(format: SignedFormat): SigningScheme {
  const signature = signatureOf(format);
  if (signature === null) return { kind: 'v1' };
  if (signature.scheme === 'v1a') return { kind: 'v1a' };
  const { scheme, header, encoding } = signature;
  const prefix = readTemplate(signature.prefix, PREFIX_VARIABLES);
  const content = readTemplate(signature.content, SIGNED_VARIABLES);
  if (!prefix.ok) throw new Error(`The prefix of the signature ${prefix.message}.`);
  if (!content.ok) throw new Error(`The content of the signature ${content.message}.`);
  const hash = scheme === 'hmac-sha512' ? 'sha512' : 'sha256';
  return { kind: 'hmac', hash, header, prefix: prefix.parts, content: content.parts, encoding };
}

/** What every request has by itself; two headers of one name would be one too many. */
const SET_BY_TIDINGS = ['content-type', 'user-agent', 'accept-encoding'];

/** Why a signature may not be in the header of this name; undefined as far as this goes. */
export function signatureHeaderFault(name: string): string | undefined {
  if (!SET_BY_TIDINGS.includes(name.toLowerCase())) return undefined;
  return 'is a header that every request has, and cannot hold a signature';
}

/** What is wrong with the templates of a signature; the paths begin with `format.signature`. */
export function signatureTemplateFaults({ prefix, content }: HmacSignature): Fault[] {
  const before = readTemplate(prefix, PREFIX_VARIABLES);
  const signed = readTemplate(content, SIGNED_VARIABLES);
  const faults: Fault[] = [];
  if (!/^[\x20-\x7e]*$/.test(prefix))
    faults.push({ path: 'format.signature.prefix', message: 'must be visible ASCII, as headers are' });
  if (!before.ok) faults.push({ path: 'format.signature.prefix', message: before.message });
  if (!signed.ok) return [...faults, { path: 'format.signature.content', message: signed.message }];
  const bodies = signed.parts.filter((part) => typeof part !== 'string' && part.variable === 'body').length;
  if (bodies === 1) return faults;
  const message =
    bodies === 0
      ? 'must have {{body}} in it: what is not signed can be changed on its way'
      : `must have {{body}} in it once, but has it ${bodies} times`;
  return [...faults, { path: 'format.signature.content', message }];
}
