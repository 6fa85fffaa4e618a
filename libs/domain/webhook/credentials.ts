import type { Fault } from '../fault.js';
import { privateKeyFault } from './client-certificate.js';

/**
 * Stands where a secret was: the secret itself is sealed beside the webhook.
 * The number is the webhook's version that set it, so that the ledger tells
 * of a new secret without holding it (docs/adr/0002).
 */
export interface SecretRef {
  secret: number;
}

/** Extra request headers; the values of sensitive ones are secrets. */
export type RequestHeaders = Record<string, string | SecretRef>;

/** How a receiver is told that it is us, beside the signature. */
export type WebhookAuth =
  | { type: 'none' }
  | { type: 'bearer'; token: SecretRef }
  | { type: 'api_key'; key: SecretRef; header_name: string }
  | { type: 'basic'; username: string; password: SecretRef }
  | { type: 'hmac'; secret: SecretRef; header_name: string }
  | { type: 'oauth2'; token_url: string; client_id: string; client_secret: SecretRef; scope: string }
  /** In PEM. Without a `ca` the receiver's certificate is checked as anyone's is. */
  | { type: 'mtls'; certificate: string; private_key: SecretRef; ca: string | null };

/** The same as it is asked for: in clear, or left out or masked to keep what there is. */
export type WantedAuth =
  | { type: 'none' }
  | { type: 'bearer'; token?: string | undefined }
  | { type: 'api_key'; key?: string | undefined; header_name: string }
  | { type: 'basic'; username: string; password?: string | undefined }
  | { type: 'hmac'; secret?: string | undefined; header_name: string }
  | {
      type: 'oauth2';
      token_url: string;
      client_id: string;
      client_secret?: string | undefined;
      scope: string;
    }
  | { type: 'mtls'; certificate: string; private_key?: string | undefined; ca: string | null };

/** Which secret of a webhook: `headers.<name in lower case>` or `auth.<member>`. */
export type SecretPath = `headers.${string}` | `auth.${string}`;

/** What is shown in place of a secret, and what sent back keeps it. */
export const MASK = '********';

const SENSITIVE = /auth(?!ors?$)|key|token|secret|cookie|password|passwd|credential|session|signature/i;

/** Whether a header's value is a secret, going by its name. */
export function isSensitiveHeader(name: string): boolean {
  return SENSITIVE.test(name);
}

/** The secrets that a webhook refers to. */
export function secretsOf(webhook: {
  headers: RequestHeaders;
  auth: WebhookAuth;
}): Map<SecretPath, SecretRef> {
  const refs = new Map<SecretPath, SecretRef>();
  for (const [name, value] of Object.entries(webhook.headers))
    if (typeof value !== 'string') refs.set(headerPath(name), value);
  const { auth } = webhook;
  switch (auth.type) {
    case 'none':
      break;
    case 'bearer':
      refs.set('auth.token', auth.token);
      break;
    case 'api_key':
      refs.set('auth.key', auth.key);
      break;
    case 'basic':
      refs.set('auth.password', auth.password);
      break;
    case 'hmac':
      refs.set('auth.secret', auth.secret);
      break;
    case 'oauth2':
      refs.set('auth.client_secret', auth.client_secret);
      break;
    case 'mtls':
      refs.set('auth.private_key', auth.private_key);
      break;
  }
  return refs;
}

export function headerPath(name: string): SecretPath {
  return `headers.${name.toLowerCase()}`;
}

export interface Separated {
  headers: RequestHeaders;
  auth: WebhookAuth;
  /** In clear, to be sealed: the secrets that are new. */
  fresh: Map<SecretPath, string>;
  faults: Fault[];
}

/**
 * Takes the secrets out of what is asked for: new ones become references to
 * the version that sets them; what is masked, or left out of `auth`, refers to
 * what there is.
 * @param current what there is; undefined for a webhook that is new
 * @param version the webhook's version once this is decided
 */
export function separateSecrets(
  wanted: { headers: Record<string, string>; auth: WantedAuth },
  current: { headers: RequestHeaders; auth: WebhookAuth } | undefined,
  version: number,
): Separated {
  const known = current ? secretsOf(current) : new Map<SecretPath, SecretRef>();
  const fresh = new Map<SecretPath, string>();
  const faults: Fault[] = [];
  const refer = (path: SecretPath, at: string, given: string | undefined, wrong: string | undefined) => {
    if (given !== undefined && given !== MASK) {
      if (wrong !== undefined) faults.push({ path: at, message: wrong });
      fresh.set(path, given);
      return { secret: version };
    }
    const kept = known.get(path);
    if (kept) return kept;
    const message =
      given === undefined ? 'is required' : 'is the mask of a secret, but there is none to keep';
    faults.push({ path: at, message });
    return { secret: version };
  };

  const headers: RequestHeaders = {};
  for (const [name, value] of Object.entries(wanted.headers))
    headers[name] = isSensitiveHeader(name)
      ? refer(headerPath(name), `headers.${name}`, value, headerValueFault(value))
      : value;
  const authRef = (name: string, given: string | undefined, fault: (text: string) => string | undefined) =>
    refer(`auth.${name}`, `auth.${name}`, given, given === undefined ? undefined : fault(given));
  const auth = separateAuth(wanted.auth, authRef);
  return { headers, auth, fresh, faults };
}

function separateAuth(
  auth: WantedAuth,
  refer: (name: string, given: string | undefined, fault: (text: string) => string | undefined) => SecretRef,
): WebhookAuth {
  switch (auth.type) {
    case 'none':
      return auth;
    case 'bearer':
      return { type: 'bearer', token: refer('token', auth.token, headerValueFault) };
    case 'api_key':
      return { ...auth, key: refer('key', auth.key, headerValueFault) };
    case 'basic':
      return { ...auth, password: refer('password', auth.password, passwordFault) };
    case 'hmac':
      return { ...auth, secret: refer('secret', auth.secret, hmacSecretFault) };
    case 'oauth2':
      return { ...auth, client_secret: refer('client_secret', auth.client_secret, passwordFault) };
    case 'mtls': {
      const fault = (key: string) => privateKeyFault(key, auth.certificate);
      return { ...auth, private_key: refer('private_key', auth.private_key, fault) };
    }
  }
}

export const MAX_HEADER_VALUE = 4_096;

/** What is wrong with a header's value; undefined when nothing is. */
export function headerValueFault(value: string): string | undefined {
  if (value.length < 1 || value.length > MAX_HEADER_VALUE)
    return `must have 1 to ${MAX_HEADER_VALUE} characters, but has ${value.length}`;
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value))
    return 'must be visible ASCII, with spaces inside only';
  return undefined;
}

function passwordFault(text: string): string | undefined {
  if (text.length < 1 || text.length > 1_024) return `must have 1 to 1024 characters, but has ${text.length}`;
  return text.isWellFormed() && !/\p{Cc}/u.test(text)
    ? undefined
    : 'must hold no control characters and no broken Unicode';
}

function hmacSecretFault(text: string): string | undefined {
  if (text.length < 8 || text.length > 256) return `must have 8 to 256 characters, but has ${text.length}`;
  return text.isWellFormed() ? undefined : 'must hold no broken Unicode';
}
