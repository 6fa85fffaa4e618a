import type { OwnershipAnswer } from '#bus';
import type { Ownership, RoutedWebhook } from '#domain';
import { startReceiver, waitFor, type Answering, type Receiver } from '#testing';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;
let elsewhere: Receiver;
beforeAll(async () => {
  [test, elsewhere] = await Promise.all([startTestDispatcher(), startReceiver()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([test.stop(), elsewhere.stop()]);
});

const pending = (check: Ownership['check']): Ownership => ({
  ...{ check, proven_at: null, origin: null, allowed_per_minute: null },
});
const ask = ({ tenant, id, version }: RoutedWebhook, answering: Answering): Promise<OwnershipAnswer> => {
  test.receiver.answer(answering);
  return test.bus.ownershipChecks.request({ tenant, webhook: id, version }, 13_000);
};
const grant =
  (headers: Record<string, string>, status = 200) =>
  (): ReturnType<Answering> => ({
    status,
    headers,
  });
const challengeIn = (body: Buffer) =>
  (JSON.parse(body.toString()) as { data: { challenge: string } }).data.challenge;

describe('a receiver that is asked by handshake', () => {
  it('agrees by naming us, with the rate that it allows', async () => {
    const webhook = await test.webhook({ ownership: pending('handshake') });
    const answer = await ask(
      webhook,
      grant({ 'webhook-allowed-origin': 'tidings', 'webhook-allowed-rate': '120' }),
    );
    const { url } = webhook;
    expect(answer).toEqual({
      agreed: { check: 'handshake', url, origin: 'tidings', allowed_per_minute: 120 },
    });
    const [request] = test.receiver.to(webhook.path);
    expect(request).toMatchObject({ method: 'OPTIONS', headers: { 'webhook-request-origin': 'tidings' } });
    expect(request?.headers['webhook-signature']).toBeUndefined();
  });

  it.each([
    ['says nothing of it', grant({})],
    ['names another origin', grant({ 'webhook-allowed-origin': 'other.example.com' })],
    ['refuses', grant({ 'webhook-allowed-origin': '*' }, 405)],
  ])('and %s does not agree', async (_what, answering) => {
    const webhook = await test.webhook({ ownership: pending('handshake') });
    expect(await ask(webhook, answering)).toMatchObject({ refused: 'not_agreed' });
  });

  it('and sends us elsewhere does not agree, and nobody is asked there', async () => {
    const webhook = await test.webhook({ ownership: pending('handshake') });
    elsewhere.answer({ headers: { 'webhook-allowed-origin': '*' } });
    const location = `${elsewhere.url}/`;
    expect(await ask(webhook, grant({ location, 'webhook-allowed-origin': '*' }, 307))).toMatchObject({
      refused: 'not_agreed',
    });
    expect(elsewhere.requests).toEqual([]);
  });

  it('and is silent is waited for 10 seconds', async () => {
    const webhook = await test.webhook({ ownership: pending('handshake') });
    expect(await ask(webhook, () => ({ delayMs: 15_000 }))).toMatchObject({
      refused: 'no_answer',
      detail: 'The receiver gave no answer that can be read (timeout).',
    });
  }, 20_000);
});

describe('a receiver that is asked by challenge', () => {
  it.each([
    ['as text', (challenge: string) => challenge],
    ['as JSON', (challenge: string) => JSON.stringify({ challenge })],
  ])('agrees by answering it %s; the request is signed', async (_what, write) => {
    const webhook = await test.webhook({ ownership: pending('challenge'), method: 'GET' });
    const answer = await ask(webhook, ({ body }) => ({ status: 200, body: write(challengeIn(body)) }));
    const { url } = webhook;
    expect(answer).toEqual({ agreed: { check: 'challenge', url, origin: null, allowed_per_minute: null } });
    const [request] = test.receiver.to(webhook.path);
    expect(JSON.parse(String(request?.body))).toMatchObject({ type: 'tidings.challenge' });
    expect(request?.method).toBe('POST');
    expect(request?.headers['webhook-signature']).toMatch(/^v1,/);
  });

  it('is asked in the standard format, past the transform, whatever its webhook has', async () => {
    const webhook = await test.webhook({
      ownership: pending('challenge'),
      ...{ format: 'slack', transform: 'function transform() { return null; }' },
    });
    const answer = await ask(webhook, ({ body }) => ({ status: 200, body: challengeIn(body) }));
    expect(answer).toMatchObject({ agreed: { check: 'challenge' } });
  });

  it.each([
    ['takes everything', () => ({ status: 204 })],
    ['sends back what it got', ({ body }) => ({ status: 200, body })],
    ['answers another one', () => ({ status: 200, body: '{"challenge":"another"}' })],
    ['fails', ({ body }) => ({ status: 500, body: challengeIn(body) })],
  ] satisfies [string, Answering][])('and %s does not agree', async (_what, answering) => {
    const webhook = await test.webhook({ ownership: pending('challenge') });
    expect(await ask(webhook, answering)).toMatchObject({ refused: 'not_agreed' });
  });
});

describe('a webhook whose receiver must agree first', () => {
  it('gets nothing, not even a test, until it is proven; then what was held', async () => {
    test.receiver.answer({});
    const webhook = await test.webhook({ ownership: pending('handshake') });
    const owed = await test.owe(webhook);
    await waitFor(() =>
      expect(
        test.journal.of('delivery.held').find(({ delivery }) => delivery === owed.delivery),
      ).toMatchObject({
        reason: 'ownership_pending',
      }),
    );
    const tried = await test.bus.testAttempts.request(owed, Buffer.from('1'), 5_000);
    expect(tried).toEqual({ refused: 'ownership_not_proven' });
    expect(test.receiver.to(webhook.path)).toEqual([]);
    const ownership = { ...pending('handshake'), proven_at: Date.now(), origin: 'tidings' };
    await test.bus.webhooks.put({ ...webhook, version: 2, ownership });
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(1));
    expect(test.receiver.to(webhook.path)[0]?.headers['webhook-request-origin']).toBe('tidings');
  }, 30_000);

  it('gets no more in a minute than its receiver allows, and what is over it waits', async () => {
    test.receiver.answer({});
    const agreed = { ...pending('handshake'), proven_at: Date.now(), allowed_per_minute: 3 };
    const webhook = await test.webhook({ ownership: agreed });
    for (let i = 0; i < 6; i++) await test.owe(webhook);
    await waitFor(async () => {
      const [waiting, came] = [await test.bus.lanes.length(webhook.id), test.receiver.to(webhook.path)];
      expect([waiting, came.length]).toEqual([3, 3]);
    });
    const asAgreed = { ...agreed, allowed_per_minute: null };
    await test.bus.webhooks.put({ ...webhook, version: 2, ownership: asAgreed });
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(6));
  }, 30_000);
});
