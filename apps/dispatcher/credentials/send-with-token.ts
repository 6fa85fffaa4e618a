import { OutboundRequest, type EgressClient, type Exchanged } from '#egress';
import { maskAnswer } from './mask-answer.js';
import type { TokenSource } from './token-source.js';

/**
 * Sends a request with a token, and once more with another when the receiver
 * answers 401, within the request's one deadline. Never throws. No token is in
 * what it gives back, even where the receiver repeats it.
 */
export async function sendWithToken(
  client: Pick<EgressClient, 'send'>,
  tokens: TokenSource,
  request: OutboundRequest,
): Promise<Exchanged> {
  const until = performance.now() + request.timeoutMs;
  const first = await tokens.get(client, request.timeoutMs);
  if ('failure' in first) return first;
  const exchanged = await send(client, request, first.token, until);
  if (!isUnauthorized(exchanged)) {
    if ('answer' in exchanged) tokens.heard(true);
    return exchanged;
  }
  const left = until - performance.now();
  const second = left > 0 ? await tokens.renew(client, first.token, left) : undefined;
  if (second === undefined) return exchanged;
  if ('failure' in second) return second;
  const again = await send(client, request, second.token, until);
  if ('answer' in again) tokens.heard(!isUnauthorized(again));
  return again;
}

async function send(
  client: Pick<EgressClient, 'send'>,
  { method, url, headers, body, timeoutMs }: OutboundRequest,
  token: string,
  until: number,
): Promise<Exchanged> {
  const left = Math.max(1, Math.round(until - performance.now()));
  const authorized = { ...headers, Authorization: `Bearer ${token}` };
  const exchanged = await client.send(new OutboundRequest(method, url, authorized, body, left));
  if ('failure' in exchanged) {
    if (exchanged.failure.kind !== 'timeout') return exchanged;
    return { failure: { kind: 'timeout', message: `No complete answer within ${timeoutMs} ms.` } };
  }
  return { answer: maskAnswer(exchanged.answer, [token]) };
}

function isUnauthorized(exchanged: Exchanged): boolean {
  return 'answer' in exchanged && exchanged.answer.status === 401;
}
