import { randomBytes } from 'node:crypto';
import type { OwedDelivery } from '#bus';
import { type AttemptRecord, newId, type RoutedWebhook, type WebhookAuth } from '#domain';
import { EgressClient } from '#egress';
import { SandboxPool } from '#payload';
import { generateSecret, Keyring } from '#signing';
import { routedWebhook, startReceiver, type Receiver } from '#testing';
import { Attempter } from '../attempts/attempter.js';
import { RequestMaker } from '../attempts/request-maker.js';
import { readyWebhook, type ReadyWebhook } from '../webhooks/ready-webhook.js';

const keyring = Keyring.parse(`k1:${randomBytes(32).toString('base64')}`);
const client = new EgressClient({ allow: ['127.0.0.0/8'], http: true, ports: 'any' }, 200);
const attempter = new Attempter(
  client,
  new RequestMaker('Tidings/test', new SandboxPool({ processes: 1, timeoutMs: 500 })),
);
const SECRET = 'p:w ü&=+%';
let receiver: Receiver;
let endpoint: Receiver;
let issued: number;

beforeAll(async () => {
  [receiver, endpoint] = await Promise.all([startReceiver(), startReceiver()]);
});
afterAll(async () => {
  await client.close();
  await Promise.all([receiver.stop(), endpoint.stop()]);
});
beforeEach(() => {
  issued = 0;
  for (const server of [receiver, endpoint]) server.requests.length = 0;
  receiver.answer({ status: 204 });
  endpoint.answer(() => issue());
});

const json = (value: unknown, status = 200) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
const issue = (members: object = {}) =>
  json({ access_token: `token-${++issued}-of-the-spec`, token_type: 'bearer', expires_in: 3600, ...members });

interface Wanted {
  auth?: Partial<Extract<WebhookAuth, { type: 'oauth2' }>>;
  secret?: string;
  webhook?: Partial<RoutedWebhook>;
}

function ready({ auth = {}, secret = SECRET, webhook = {} }: Wanted = {}): ReadyWebhook {
  const id = newId('wh');
  const place = { tenant: 'acme', webhook: id };
  const sealed = keyring.seal(secret, { ...place, purpose: 'auth.client_secret', version: 1 });
  return readyWebhook(
    routedWebhook({
      id,
      url: `${receiver.url}/hook`,
      secrets: [keyring.seal(generateSecret(), { ...place, purpose: 'signing' })],
      auth: {
        type: 'oauth2',
        token_url: `${endpoint.url}/token?a=b`,
        client_id: 'the client:1',
        client_secret: { secret: 1 },
        scope: '',
        ...auth,
      },
      credentials: { 'auth.client_secret': sealed },
      timeout_seconds: 2,
      ...webhook,
    }),
    keyring,
    () => undefined,
  );
}

async function attempt(webhook: ReadyWebhook): Promise<AttemptRecord> {
  const owed = {
    ...{ delivery: 'dlv_1', tenant: 'acme', event: 'evt_1', event_type: 'a', webhook: 'wh_1' },
    ...{ timestamp: '2026-11-22T09:00:00.000Z', created_at: 0, owed_at: 0, attempt: 1, trigger: 'auto' },
    ...{ sequence: 1, by_reference: false },
  } as OwedDelivery;
  const payload = { data: Buffer.from('{}'), metadata: null };
  return (await attempter.attempt(webhook, owed, payload)).attempt;
}

const tokensSeen = () => receiver.requests.map(({ headers }) => headers.authorization);

describe('a token', () => {
  it('is asked for by client credentials, with what RFC 6749 encodes', async () => {
    const { error } = await attempt(ready({ auth: { scope: 'a b' } }));
    expect(error).toBeNull();
    const [request] = endpoint.requests;
    expect(request).toMatchObject({
      method: 'POST',
      path: '/token?a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(request?.body.toString()).toBe('grant_type=client_credentials&scope=a+b');
    const basic = Buffer.from(request?.headers.authorization?.slice(6) ?? '', 'base64').toString();
    expect(basic).toBe('the+client%3A1:p%3Aw+%C3%BC%26%3D%2B%25');
    expect(tokensSeen()).toEqual(['Bearer token-1-of-the-spec']);
  });

  it('is asked for once, however many attempts want it at once or later', async () => {
    endpoint.answer(() => ({ ...issue(), delayMs: 100 }));
    const webhook = ready();
    const made = await Promise.all(Array.from({ length: 100 }, () => attempt(webhook)));
    await attempt(webhook);
    expect(made.filter(({ error }) => error !== null)).toEqual([]);
    expect([endpoint.requests.length, new Set(tokensSeen()).size, receiver.requests.length]).toEqual([
      1, 1, 101,
    ]);
  });

  it('is replaced once on a 401, and the request sent again', async () => {
    const webhook = ready();
    await attempt(webhook);
    receiver.answer(({ headers }) => ({ status: headers.authorization?.includes('token-1-') ? 401 : 204 }));
    const made = await Promise.all(Array.from({ length: 20 }, () => attempt(webhook)));
    expect(made.map(({ response }) => response?.status)).toEqual(Array.from({ length: 20 }, () => 204));
    expect(endpoint.requests).toHaveLength(2);
  });

  it('that is refused twice ends the attempt with the 401, and is not replaced each time', async () => {
    receiver.answer({ status: 401 });
    const webhook = ready();
    for (let i = 0; i < 10; i++)
      expect(await attempt(webhook)).toMatchObject({
        response: { status: 401 },
        error: { kind: 'http_status' },
      });
    expect(endpoint.requests.length).toBeLessThanOrEqual(3);
    expect(receiver.requests.length).toBeLessThanOrEqual(12);
  });

  it('that has ended is not sent', async () => {
    endpoint.answer(() => issue({ expires_in: '1' }));
    const webhook = ready();
    await attempt(webhook);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    await attempt(webhook);
    expect(tokensSeen()).toEqual(['Bearer token-1-of-the-spec', 'Bearer token-2-of-the-spec']);
  });

  it('is never that of another version or of before a restart', async () => {
    await attempt(ready());
    await attempt(ready({ secret: 'changed' }));
    expect(tokensSeen()).toEqual(['Bearer token-1-of-the-spec', 'Bearer token-2-of-the-spec']);
  });

  it('is in no record, not even where the receiver repeats it', async () => {
    receiver.answer(({ headers }) => ({
      status: 200,
      headers: { 'x-echo': String(headers.authorization) },
      body: JSON.stringify(headers),
    }));
    const made = await attempt(ready());
    expect(made.request.headers['Authorization']).toBe('Bearer ********');
    expect(made.response?.body).toContain('Bearer ********');
    expect(JSON.stringify(made)).not.toContain('token-1-of-the-spec');
  });
});

describe('a token endpoint', () => {
  it('that wants the client in the body gets it there, from then on at once', async () => {
    endpoint.answer(({ headers }) =>
      headers.authorization === undefined ? issue({ expires_in: 1 }) : json({ error: 'invalid_client' }, 401),
    );
    const webhook = ready();
    expect((await attempt(webhook)).error).toBeNull();
    expect(endpoint.requests).toHaveLength(2);
    const form = new URLSearchParams(endpoint.requests[1]?.body.toString());
    expect(Object.fromEntries(form)).toEqual({
      ...{ grant_type: 'client_credentials', client_id: 'the client:1', client_secret: SECRET },
    });
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect((await attempt(webhook)).error).toBeNull();
    expect(endpoint.requests).toHaveLength(3);
  });

  it.each<[string, Parameters<Receiver['answer']>[0], RegExp]>([
    ['breaks', { status: 500, body: SECRET }, /^The token endpoint answered 500\.$/],
    [
      'refuses',
      json({ error: 'invalid_scope', error_description: SECRET }, 400),
      /answered 400 \(invalid_scope\)/,
    ],
    ['names an error of its own', json({ error: SECRET }, 400), /answered 400\.$/],
    ['does not know the client', json({ error: 'invalid_client' }, 401), /answered 401 \(invalid_client\)/],
    ['redirects', { status: 302, headers: { location: '/elsewhere' } }, /answered 302/],
    ['answers garbage', { status: 200, body: '<html>' }, /not a JSON object/],
    ['has no end', { status: 200, body: '{"access_token":"'.padEnd(100_000, 'a') }, /not a JSON object/],
    ['gives no token', json({ token_type: 'Bearer' }), /no token that a header can carry/],
    [
      'gives what breaks a header',
      json({ token_type: 'Bearer', access_token: 'a\r\nb: c' }),
      /header can carry/,
    ],
    ['gives another type', json({ token_type: 'mac', access_token: 'a' }), /another type than Bearer/],
    ['hangs up', { hangUp: true }, /no answer that can be read \(reset\)/],
  ])('that %s ends the attempt with the kind auth, and nothing is sent', async (_what, answer, message) => {
    endpoint.answer(answer);
    const made = await attempt(ready());
    expect(made).toMatchObject({ response: null, error: { kind: 'auth' } });
    expect(made.error?.message).toMatch(message);
    expect(JSON.stringify(made)).not.toContain(JSON.stringify(SECRET).slice(1, -1));
    expect([receiver.requests, endpoint.to('/elsewhere')]).toEqual([[], []]);
  });

  it('that is slow takes no longer than the attempt may', async () => {
    endpoint.answer({ delayMs: 5_000 });
    const made = await attempt(ready({ webhook: { timeout_seconds: 1 } }));
    expect(made).toMatchObject({ response: null, error: { kind: 'auth' } });
    expect(made.duration_ms).toBeLessThan(1_500);
  });

  it('leaves the receiver only what is left of the deadline', async () => {
    endpoint.answer(() => ({ ...issue(), delayMs: 700 }));
    receiver.answer({ delayMs: 5_000 });
    const made = await attempt(ready({ webhook: { timeout_seconds: 1 } }));
    expect(made.error).toEqual({ kind: 'timeout', message: 'No complete answer within 1000 ms.' });
    expect(made.duration_ms).toBeLessThan(1_500);
  });

  it('at an address that may not be reached is not told apart from others', async () => {
    const made = await attempt(ready({ auth: { token_url: 'http://169.254.169.254/token' } }));
    expect(made.error).toEqual({
      kind: 'auth',
      message: 'The address of the token endpoint may not be reached.',
    });
  });

  it('that fails is left alone for a moment, and asked again after it', async () => {
    endpoint.answer({ status: 503 });
    const webhook = ready();
    for (let i = 0; i < 50; i++) expect((await attempt(webhook)).error?.kind).toBe('auth');
    expect(endpoint.requests).toHaveLength(1);
    endpoint.answer(() => issue());
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    expect((await attempt(webhook)).error).toBeNull();
  });
});
