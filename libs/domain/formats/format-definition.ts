export const HMAC_SCHEMES = ['hmac-sha256', 'hmac-sha512'] as const;
export const SIGNATURE_ENCODINGS = ['hex', 'base64'] as const;

/** A signature as other systems make it, beside the standard one. */
export interface HmacSignature {
  scheme: (typeof HMAC_SCHEMES)[number];
  /** The header that carries it. */
  header: string;
  /**
   * Stands before it in the header, such as `sha256=` or `t={{timestamp}},v1=`.
   * A comma makes the header a list: what follows the last one is repeated
   * with the signature of each secret.
   */
  prefix: string;
  /** Template of what is signed. */
  content: string;
  encoding: (typeof SIGNATURE_ENCODINGS)[number];
}

/** The asymmetric signature of Standard Webhooks, ed25519, beside the symmetric one. */
export interface AsymmetricSignature {
  scheme: 'v1a';
}

export type FormatSignature = HmacSignature | AsymmetricSignature;

/**
 * How the JSON text of a body is written. Receivers that verify what they have
 * parsed and written again need it to be what they write:
 * - `as_given`: what the template says; data in the bytes that they came in
 * - `python_sorted`: as Python writes `json.dumps(body, sort_keys=True, separators=(',', ':'))`
 * - `python_or_javascript`: as Python writes `json.dumps(body, separators=(',', ':'))`, in the form
 *   that JSON.stringify writes too wherever there is one
 */
export type JsonWriting = 'as_given' | 'python_sorted' | 'python_or_javascript';

/** What requests of a format look like: the same for those that come with Tidings and for a tenant's own. */
export interface FormatDefinition {
  /** In a sentence, for those who choose. */
  description: string;
  /** Template of the body (docs/payloads.md). */
  body: string;
  /** Templates of headers, by name. `Content-Type` is `application/json` where it is not among them. */
  headers: Record<string, string>;
  /** Beside the `v1` of Standard Webhooks, which is in every request; null for that one alone. */
  signature: FormatSignature | null;
  writing: JsonWriting;
  /** Whether the attributes of CloudEvents are in the headers, one `ce-` header each. */
  ceHeaders: boolean;
}

/** What most formats have in common. */
export const PLAIN_FORMAT = {
  headers: {},
  signature: null,
  writing: 'as_given',
  ceHeaders: false,
} satisfies Partial<FormatDefinition>;

/** `sha256=` and the HMAC of the body in hex. */
export const SIGNED_BODY = {
  scheme: 'hmac-sha256',
  prefix: 'sha256=',
  content: '{{body}}',
  encoding: 'hex',
} satisfies Partial<HmacSignature>;
