import { certificatesFault } from './client-certificate.js';
import { headerValueFault, type RequestHeaders, type WebhookAuth } from './credentials.js';
import type { Fault } from '../fault.js';
import { oauthClientFaults } from './oauth-client.js';

export const HEADER_LIMITS = {
  count: 50,
  /** Of those whose values are secrets: how long these are is not known once they are sealed. */
  secrets: 10,
  name: 128,
  /** Of all names and values in clear together, in bytes: receivers commonly take 8 KiB of headers. */
  bytes: 6_144,
} as const;

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** Names that no webhook may set, with the reason. The first that fits is told. */
const REFUSED: [RegExp, string][] = [
  [
    /^(host|connection|content-length|transfer-encoding|expect|upgrade|te|trailer|keep-alive)$/,
    "governs the connection, which is not the webhook's to decide",
  ],
  [/^(content-type|user-agent|accept-encoding)$/, 'is set by Tidings'],
  [/^proxy-/, 'speaks to proxies, not to the receiver'],
  [/^(x-forwarded-|forwarded$)/, 'would say that the request comes from somewhere else'],
  [/^cookie$/, 'is refused: a delivery has no session'],
  [/^(webhook-|x-tidings-)/, 'is one of the headers that receivers trust Tidings to set'],
  [/^ce-/, 'is an attribute of CloudEvents, which follow from the event'],
  [/^(metadata|x-aws-|x-google-)/, 'speaks to the metadata service of a cloud'],
];

/** Why a header may not be called so; undefined when it may. */
export function headerNameFault(name: string): string | undefined {
  if (name.length > HEADER_LIMITS.name)
    return `must have at most ${HEADER_LIMITS.name} characters in its name, but has ${name.length}`;
  if (!TOKEN.test(name) || name === '__proto__')
    return "must be named by a token: letters, digits and !#$%&'*+-.^_`|~";
  return REFUSED.find(([refused]) => refused.test(name.toLowerCase()))?.[1];
}

/** What is wrong with extra headers and with the header that `auth` sets, each with its path. */
export function requestHeaderFaults(headers: RequestHeaders, auth: WebhookAuth): Fault[] {
  const faults: Fault[] = [];
  const entries = Object.entries(headers);
  if (entries.length > HEADER_LIMITS.count)
    faults.push({
      path: 'headers',
      message: `must be at most ${HEADER_LIMITS.count} headers, but are ${entries.length}`,
    });
  const secrets = entries.filter(([, value]) => typeof value !== 'string').length;
  if (secrets > HEADER_LIMITS.secrets)
    faults.push({
      path: 'headers',
      message: `must be at most ${HEADER_LIMITS.secrets} headers with secret values, but are ${secrets}`,
    });
  const own = authHeader(auth);
  const seen = new Set<string>(own ? [own.name.toLowerCase()] : []);
  let bytes = 0;
  for (const [name, value] of entries.slice(0, HEADER_LIMITS.count)) {
    const path = `headers.${name}`;
    bytes += name.length + (typeof value === 'string' ? value.length : 0);
    const wrong = headerNameFault(name) ?? (typeof value === 'string' ? headerValueFault(value) : undefined);
    if (wrong !== undefined) faults.push({ path, message: wrong });
    if (seen.has(name.toLowerCase()))
      faults.push({
        path,
        message:
          name.toLowerCase() === own?.name.toLowerCase()
            ? `is set by auth of type ${auth.type}`
            : 'is given twice, for headers are the same in upper and lower case',
      });
    seen.add(name.toLowerCase());
  }
  if (bytes > HEADER_LIMITS.bytes)
    faults.push({
      path: 'headers',
      message: `must have at most ${HEADER_LIMITS.bytes} bytes together, but have ${bytes}`,
    });
  return [...faults, ...authFaults(auth)];
}

/** The header that an auth sets; undefined when it sets none. */
export function authHeader(auth: WebhookAuth): { name: string } | undefined {
  switch (auth.type) {
    case 'none':
    case 'mtls':
      return undefined;
    case 'bearer':
    case 'basic':
    case 'oauth2':
      return { name: 'Authorization' };
    case 'api_key':
    case 'hmac':
      return { name: auth.header_name };
  }
}

function authFaults(auth: WebhookAuth): Fault[] {
  if (auth.type === 'basic') {
    const sound =
      auth.username.length <= 256 && auth.username.isWellFormed() && !/[:\p{Cc}]/u.test(auth.username);
    if (sound) return [];
    const message = 'must have at most 256 characters, and no colon and no control characters among them';
    return [{ path: 'auth.username', message }];
  }
  if (auth.type === 'oauth2') return oauthClientFaults(auth);
  if (auth.type === 'mtls')
    return (['certificate', 'ca'] as const).flatMap((member) => {
      const pem = auth[member];
      const wrong = pem === null ? undefined : certificatesFault(pem);
      return wrong === undefined ? [] : [{ path: `auth.${member}`, message: wrong }];
    });
  if (auth.type !== 'api_key' && auth.type !== 'hmac') return [];
  const wrong = headerNameFault(auth.header_name);
  return wrong === undefined ? [] : [{ path: 'auth.header_name', message: wrong }];
}
