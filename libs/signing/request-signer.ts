import type { KeyObject } from 'node:crypto';
import { asymmetricKey, signAsymmetric, type AsymmetricKey } from './ed25519.js';
import { hmacKey, signHmac, type HmacScheme, type RequestToSign } from './hmac-signature.js';
import { isStandardSecret, signingKey, signStandard, type SigningKey } from './standard-webhooks.js';

/** A signing secret in clear. */
export interface OpenSecret {
  secret: string;
  /** Until when it signs, milliseconds since 1970; Infinity while it is not replaced. */
  until: number;
}

/** How requests are signed beside `v1` of Standard Webhooks, which is in each. */
export type SigningScheme = { kind: 'v1' } | { kind: 'v1a' } | HmacScheme;

interface ReadyKey {
  until: number;
  v1: SigningKey;
  v1a: AsymmetricKey | null;
  hmac: KeyObject | null;
}

/** Signs the requests of one webhook. Its keys are made once, for they cost more to make than a signature. */
export class RequestSigner {
  private readonly keys: readonly ReadyKey[];
  private readonly soonest: number;

  /**
   * @param secrets all that may sign, the newest first, at least one
   * @throws Error when none is given, or the newest will not do for the scheme
   */
  constructor(
    private readonly scheme: SigningScheme,
    secrets: readonly OpenSecret[],
  ) {
    const [newest] = secrets;
    if (newest === undefined) throw new Error('There is no signing secret.');
    if (scheme.kind === 'v1a' && !isStandardSecret(newest.secret))
      throw new Error('The signing secret is none of Standard Webhooks, which v1a needs.');
    this.keys = secrets.map(({ secret, until }) => ({
      until,
      v1: signingKey(secret),
      v1a: scheme.kind === 'v1a' && isStandardSecret(secret) ? asymmetricKey(secret) : null,
      hmac: scheme.kind === 'hmac' ? hmacKey(secret) : null,
    }));
    this.soonest = Math.min(...secrets.map(({ until }) => until));
  }

  /** The headers that hold signatures, those of several secrets in one, the newest first. */
  headers(request: RequestToSign): Record<string, string> {
    const { id, at, body } = request;
    const keys = this.keysAt(at);
    const timestamp = Math.floor(at / 1000);
    const v1 = signStandard(
      keys.map((key) => key.v1),
      id,
      timestamp,
      body,
    );
    switch (this.scheme.kind) {
      case 'v1':
        return { 'webhook-signature': v1 };
      case 'v1a': {
        const v1a = signAsymmetric(present(keys.map((key) => key.v1a)), id, timestamp, body);
        return { 'webhook-signature': `${v1a} ${v1}` };
      }
      case 'hmac': {
        const own = signHmac(this.scheme, present(keys.map((key) => key.hmac)), request);
        return { [this.scheme.header]: own, 'webhook-signature': v1 };
      }
    }
  }

  private keysAt(at: number): readonly ReadyKey[] {
    return at < this.soonest ? this.keys : this.keys.filter(({ until }) => until > at);
  }
}

function present<Key>(keys: readonly (Key | null)[]): Key[] {
  return keys.filter((key) => key !== null);
}
