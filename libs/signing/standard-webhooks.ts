import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';

/**
 * Signatures by Standard Webhooks 1.0
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
 * `v1,` and the base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`.
 */
const SECRET_PREFIX = 'whsec_';
const GENERATED_BYTES = 32;
/** The specification's bounds for a secret, in bytes. */
const MIN_BYTES = 24;
const MAX_BYTES = 64;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** A new signing secret, `whsec_` and 32 random bytes in base64. */
export function generateSecret(): string {
  return SECRET_PREFIX + randomBytes(GENERATED_BYTES).toString('base64');
}

/** Whether the text is a signing secret as the specification wants it: `whsec_`, then 24 to 64 bytes in base64. */
export function isStandardSecret(text: string): boolean {
  if (!text.startsWith(SECRET_PREFIX)) return false;
  const encoded = text.slice(SECRET_PREFIX.length);
  if (!BASE64.test(encoded) || encoded.length % 4 !== 0) return false;
  const { length } = Buffer.from(encoded, 'base64');
  return length >= MIN_BYTES && length <= MAX_BYTES;
}

/** A secret made ready to sign with; keep it, for it costs more to make than a signature. */
export type SigningKey = KeyObject;

/**
 * The bytes of a secret: what `whsec_` stands before, decoded; of any other
 * text, such as receivers of earlier systems know, its UTF-8 bytes.
 */
export function secretBytes(secret: string): Buffer {
  if (!isStandardSecret(secret)) return Buffer.from(secret);
  return Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64');
}

/** The key of a secret for `v1`. */
export function signingKey(secret: string): SigningKey {
  return createSecretKey(secretBytes(secret));
}

/**
 * The value of the header `webhook-signature`: one signature for each key,
 * with a space between, so that receivers accept the request under an old and
 * a new secret alike.
 * @param id the value of `webhook-id`
 * @param timestamp the value of `webhook-timestamp`, in seconds since 1970
 * @param body the exact bytes that are sent
 */
export function signStandard(
  keys: readonly SigningKey[],
  id: string,
  timestamp: number,
  body: Uint8Array,
): string {
  const prefix = `${id}.${timestamp}.`;
  let header = '';
  for (const key of keys) {
    const mac = createHmac('sha256', key).update(prefix).update(body).digest('base64');
    header += header === '' ? `v1,${mac}` : ` v1,${mac}`;
  }
  return header;
}
