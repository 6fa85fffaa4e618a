import { OutboundRequest, type Answer, type EgressClient, type Failure } from '#egress';

/** How a client shows who it is (RFC 7591, section 2, `token_endpoint_auth_method`). */
export type ClientAuthentication = 'client_secret_basic' | 'client_secret_post';

/** A client of a token endpoint, its secret in clear. */
export interface OAuthClient {
  tokenUrl: string;
  id: string;
  secret: string;
  /** Empty for none. */
  scope: string;
}

export interface IssuedToken {
  token: string;
  /** Milliseconds, from when it was asked for. */
  lifetimeMs: number;
}

/** `clientRefused`: the endpoint did not find who asks; it may look elsewhere in the request. */
export type TokenAnswer = { issued: IssuedToken } | { failure: Failure; clientRefused: boolean };

/** Where an endpoint does not say how long a token lasts (RFC 6749, section 5.1, leaves it open). */
const DEFAULT_LIFETIME_SECONDS = 300;
const MAX_LIFETIME_SECONDS = 86_400;
const MAX_TOKEN_CHARACTERS = 8_192;

/** RFC 6749, section 5.2. Nothing else of an answer is repeated: it is written by whoever answers there. */
const ERROR_CODES = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]);

/**
 * Asks for a token once, by client credentials (RFC 6749, section 4.4). Never
 * throws; a failure has the kind `auth` and quotes no answer.
 * @param withinMs one deadline for the request, milliseconds
 */
export async function askForToken(
  client: Pick<EgressClient, 'send'>,
  oauth: OAuthClient,
  authentication: ClientAuthentication,
  withinMs: number,
): Promise<TokenAnswer> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (oauth.scope !== '') form.set('scope', oauth.scope);
  const headers: Record<string, string> = {
    'Content-Type': 'application/x-www-form-urlencoded',
    Accept: 'application/json',
    'Accept-Encoding': 'identity',
    'User-Agent': 'Tidings',
  };
  if (authentication === 'client_secret_basic') headers['Authorization'] = basicOf(oauth);
  else {
    form.set('client_id', oauth.id);
    form.set('client_secret', oauth.secret);
  }
  const body = Buffer.from(form.toString());
  const exchanged = await client.send(new OutboundRequest('POST', oauth.tokenUrl, headers, body, withinMs));
  if ('failure' in exchanged) return failed(unreached(exchanged.failure));
  return readToken(exchanged.answer);
}

/** Id and secret are form-urlencoded first (RFC 6749, section 2.3.1). */
function basicOf({ id, secret }: OAuthClient): string {
  return `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`;
}

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

/** Reads what a token endpoint answered (RFC 6749, sections 5.1 and 5.2). */
export function readToken({ status, body, truncated }: Answer): TokenAnswer {
  const read = truncated ? undefined : membersOf(body);
  if (status !== 200) {
    const code = typeof read?.['error'] === 'string' && ERROR_CODES.has(read['error']) ? read['error'] : '';
    const message = `The token endpoint answered ${status}${code && ` (${code})`}.`;
    // Who looks for the client in the body misses it there, and may call that an invalid request.
    const clientRefused =
      status === 401 || (status === 400 && ['invalid_client', 'invalid_request'].includes(code));
    return failed(message, clientRefused);
  }
  if (!read) return failed("The token endpoint's answer is not a JSON object of at most 16 KiB.");
  const { access_token: token, token_type: type, expires_in: expires } = read;
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    return failed('The token endpoint gave a token of another type than Bearer.');
  if (typeof token !== 'string' || token.length > MAX_TOKEN_CHARACTERS || !/^[\x21-\x7e]+$/.test(token))
    return failed('The token endpoint gave no token that a header can carry.');
  return { issued: { token, lifetimeMs: lifetimeSeconds(expires) * 1_000 } };
}

/** Some endpoints send the number as a string. */
function lifetimeSeconds(given: unknown): number {
  const seconds = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given;
  if (typeof seconds !== 'number' || !(seconds >= 0)) return DEFAULT_LIFETIME_SECONDS;
  return Math.min(Math.max(seconds, 1), MAX_LIFETIME_SECONDS);
}

function membersOf(body: string): Record<string, unknown> | undefined {
  try {
    const read: unknown = JSON.parse(body);
    return typeof read === 'object' && read !== null && !Array.isArray(read)
      ? (read as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function unreached({ kind }: Failure): string {
  if (kind === 'blocked_address') return 'The address of the token endpoint may not be reached.';
  if (kind === 'timeout') return 'The token endpoint gave no complete answer in time.';
  return `The token endpoint gave no answer that can be read (${kind}).`;
}

function failed(message: string, clientRefused = false): TokenAnswer {
  return { failure: { kind: 'auth', message }, clientRefused };
}
