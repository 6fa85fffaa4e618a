import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { AttemptFinished, RoutedWebhook } from '#domain';
import type { OwedDelivery } from '#bus';
import { waitFor } from '#testing';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';
import { FAILURES_TO_DISABLE } from './failing-transforms.js';

let test: TestDispatcher;
beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);
afterAll(() => test.stop(), 30_000);
beforeEach(() => test.receiver.answer({ status: 204 }));

const attemptsOf = ({ delivery }: OwedDelivery) =>
  test.journal.of('attempt.finished').filter((fact) => fact.delivery === delivery);
/** What its first attempt came to. */
const ended = (owed: OwedDelivery) =>
  waitFor((): AttemptFinished => {
    const [first] = attemptsOf(owed);
    expect(first).toBeDefined();
    return first!;
  });
const requestTo = (webhook: RoutedWebhook) =>
  waitFor(() => {
    const [first] = test.receiver.to(`/${webhook.id}`);
    expect(first).toBeDefined();
    return first!;
  });

describe('a webhook with a transform', () => {
  it('gets the event as the transform changed it, in its format, signed as it is sent', async () => {
    const transform =
      'function transform(event) { event.data.n += 1; event.type = "changed"; return event; }';
    const webhook = await test.webhook({ transform });
    await test.owe(webhook, '{"n":1}');
    const { body, headers } = await requestTo(webhook);
    expect(JSON.parse(body.toString())).toMatchObject({ type: 'changed', data: { n: 2 } });
    new StandardWebhook(webhook.secret).verify(body.toString(), headers as Record<string, string>);
  });

  it('gets the body, headers, method and path that the transform says', async () => {
    const transform = `function transform({ data, metadata, path, method, attempt, webhook_id }) {
      console.log('was', method, path, attempt);
      return {
        body: { text: data.n + metadata.by },
        headers: { 'X-Own': webhook_id, 'x-n': 1 },
        method: 'PUT',
        path: path + '/sub?a=1',
      };
    }`;
    const webhook = await test.webhook({ transform });
    const owed = await test.owe(webhook, '{"n":"text "}', { metadata: '{"by":"Zoë"}' });
    const request = await waitFor(() => {
      const [first] = test.receiver.to(`/${webhook.id}/sub?a=1`);
      expect(first).toBeDefined();
      return first!;
    });
    expect(request).toMatchObject({ method: 'PUT', headers: { 'x-own': webhook.id, 'x-n': '1' } });
    expect(request.body.toString()).toBe('{"text":"text Zoë"}');
    const { attempt, outcome } = await ended(owed);
    expect(outcome).toBe('success');
    expect(attempt).toMatchObject({
      request: { method: 'PUT', url: `${webhook.url}/sub?a=1`, headers: { 'X-Own': webhook.id } },
      console: [{ level: 'log', text: `was POST /${webhook.id} 1` }],
    });
  });

  it('that returns null gets nothing: the delivery is cancelled, and says so', async () => {
    const transform = 'function transform(event) { console.warn("not this one"); return null; }';
    const webhook = await test.webhook({ transform });
    const owed = await test.owe(webhook);
    expect(await ended(owed)).toMatchObject({
      outcome: 'cancelled',
      reason: 'dropped_by_transform',
      attempt: { response: null, error: null, console: [{ level: 'warn', text: 'not this one' }] },
    });
    expect(test.receiver.to(`/${webhook.id}`)).toEqual([]);
  });

  it.each([
    ['throws', 'function transform(event) {\n  return event.data.a.b;\n}', /TypeError.*line 2/],
    ['never ends', 'function transform() { for (;;); }', /took longer than 500 ms/],
    ['returns nothing', 'function transform() {}', /return/],
    [
      'sets a header of ours',
      'function transform() { return { headers: { "webhook-id": "x" } }; }',
      /webhook-id/,
    ],
    ['turns to another host', 'function transform() { return { path: "//example.com/x" }; }', /path/],
  ])('that %s costs its own delivery, which is tried again', async (_what, transform, message) => {
    const failing = await test.webhook({ transform });
    const healthy = await test.webhook({ transform: 'function transform(event) { return event; }' });
    const owed = await test.owe(failing);
    await test.owe(healthy);
    const { outcome, attempt } = await ended(owed);
    expect(outcome).toBe('retrying');
    expect(attempt).toMatchObject({ response: null, error: { kind: 'transform' }, request: { headers: {} } });
    expect(attempt.error?.message).toMatch(message);
    await requestTo(healthy);
    expect(test.receiver.to(`/${failing.id}`)).toEqual([]);
  });

  it('that fails time after time is to be disabled, and no breaker opens for it', async () => {
    const transform = 'function transform() { throw new Error("no"); }';
    const retry = { ...(await test.webhook()).retry, enabled: false };
    const webhook = await test.webhook({ transform, retry });
    for (let i = 0; i < FAILURES_TO_DISABLE; i++) await test.owe(webhook);
    await waitFor(() => {
      const refused = test.journal.of('webhook.refused').filter((fact) => fact.webhook === webhook.id);
      expect(refused).toMatchObject([{ reason: 'transform_failing' }]);
    });
    expect(test.journal.of('circuit.opened').filter((fact) => fact.webhook === webhook.id)).toEqual([]);
  });
});
