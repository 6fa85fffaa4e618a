import { createHash, createPrivateKey, createPublicKey, hkdfSync, sign, type KeyObject } from 'node:crypto';
import { secretBytes } from './standard-webhooks.js';

/**
 * The asymmetric signatures of Standard Webhooks 1.0
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
 * `v1a,` and the base64 of an ed25519 signature over `<id>.<timestamp>.<body>`.
 */
const PUBLIC_PREFIX = 'whpk_';

/** Names the purpose (RFC 5869, section 3.2); another text gives other keys. */
const DERIVED_FOR = 'tidings/v1a/ed25519';
const SEED_BYTES = 32;
/** PKCS #8 of an ed25519 private key (RFC 8410), up to its 32 bytes. */
const PKCS8_BEFORE_SEED = Buffer.from('302e020100300506032b657004220420', 'hex');

/** A private key made ready to sign with. */
export type AsymmetricKey = KeyObject;

/**
 * The private key that belongs to a signing secret: HKDF-SHA256 of its bytes
 * is the seed. Nothing of it is stored, and it ends when the secret does.
 * @param secret one that isStandardSecret accepts: from a weaker one the
 * public key, which anybody may read, would let its secret be guessed
 */
export function asymmetricKey(secret: string): AsymmetricKey {
  const seed = Buffer.from(hkdfSync('sha256', secretBytes(secret), '', DERIVED_FOR, SEED_BYTES));
  return createPrivateKey({ key: Buffer.concat([PKCS8_BEFORE_SEED, seed]), format: 'der', type: 'pkcs8' });
}

/**
 * The signatures of each key, with a space between, as in the header
 * `webhook-signature`.
 * @param id the value of `webhook-id`
 * @param timestamp the value of `webhook-timestamp`, in seconds since 1970
 * @param body the exact bytes that are sent
 */
export function signAsymmetric(
  keys: readonly AsymmetricKey[],
  id: string,
  timestamp: number,
  body: Uint8Array,
): string {
  // Ed25519 reads what it signs twice, so it cannot be given in parts.
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return keys.map((key) => `v1a,${sign(null, content, key).toString('base64')}`).join(' ');
}

/** A public key as receivers read it. */
export interface PublicKey {
  /** The thumbprint of the JWK (RFC 7638). */
  kid: string;
  /** As Standard Webhooks writes it: `whpk_` and the 32 bytes in base64. */
  public_key: string;
  jwk: PublicJwk;
}

/** A JSON Web Key (RFC 7517) of an ed25519 public key (RFC 8037). */
export interface PublicJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  /** The 32 bytes in base64url. */
  x: string;
  kid: string;
  use: 'sig';
  alg: 'EdDSA';
}

/** The public half of a key. */
export function publicKeyOf(key: AsymmetricKey): PublicKey {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  // RFC 7638: the required members of the key type, in the order of their names, without spaces.
  const required = JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x });
  const kid = createHash('sha256').update(required).digest('base64url');
  return {
    kid,
    public_key: PUBLIC_PREFIX + Buffer.from(x, 'base64url').toString('base64'),
    jwk: { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' },
  };
}
