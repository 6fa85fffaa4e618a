import type { OwedDelivery } from '#bus';
import { deliveryIdOf, newId, type RoutedWebhook } from '#domain';
import { EgressClient } from '#egress';
import { SandboxPool } from '#payload';
import { waitFor } from '#testing';
import { Attempter } from '../attempts/attempter.js';
import { RequestMaker } from '../attempts/request-maker.js';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';
import { WebhookDirectory } from '../webhooks/webhook-directory.js';
import { Trials } from './trials.js';

let test: TestDispatcher;
let trials: Trials;
let client: EgressClient;
beforeAll(async () => {
  test = await startTestDispatcher();
  client = new EgressClient(test.options.egress, 8);
  const webhooks = new WebhookDirectory(test.bus.webhooks, test.keyring, () => undefined);
  trials = new Trials(
    webhooks,
    new Attempter(
      client,
      new RequestMaker('Tidings/test', new SandboxPool({ processes: 1, timeoutMs: 500 })),
    ),
    test.bus.journal('spec'),
  );
}, 60_000);
afterAll(async () => {
  await client.close();
  await test.stop();
});

function owed(webhook: Pick<RoutedWebhook, 'id' | 'tenant'>): OwedDelivery {
  const event = newId('evt');
  const created_at = Date.now();
  return {
    delivery: deliveryIdOf(event, webhook.id, created_at),
    ...{ tenant: webhook.tenant, webhook: webhook.id, event, created_at, owed_at: created_at },
    event_type: 'webhook.test',
    timestamp: new Date(created_at).toISOString(),
    attempt: 1,
    trigger: 'test',
    sequence: 0,
    by_reference: false,
  };
}
const make = (of: OwedDelivery) => trials.make(of, Buffer.from('{"größe":1.0}'));
const told = (of: OwedDelivery) =>
  waitFor(() => {
    const accepted = test.journal.of('event.accepted').find(({ id }) => id === of.event);
    const finished = test.journal.of('attempt.finished').filter(({ delivery }) => delivery === of.delivery);
    expect([accepted, finished.length]).toEqual([expect.any(Object), 1]);
    return { accepted, finished: finished[0] };
  });

describe('a trial of a webhook', () => {
  it.each(['active', 'inactive', 'disabled'] as const)(
    'of status %s is one attempt, answered and told of as a delivery of its own',
    async (status) => {
      const webhook = await test.webhook({ status });
      const of = owed(webhook);
      const answer = await make(of);
      expect(answer).toMatchObject({
        attempt: { number: 1, trigger: 'test', response: { status: 204 }, error: null },
      });
      const { accepted, finished } = await told(of);
      expect(accepted).toMatchObject({
        ...{ data: '{"größe":1.0}', type: 'webhook.test', match_count: 1 },
        matches: [{ delivery: of.delivery, webhook: webhook.id }],
      });
      expect(finished).toMatchObject({ outcome: 'success', reason: null, next_attempt_at: null });
      expect(JSON.stringify(answer)).toBe(JSON.stringify({ attempt: finished?.attempt }));
    },
  );

  it('that fails is never made again', async () => {
    const webhook = await test.webhook({ url: 'http://127.0.0.1:1/' });
    const of = owed(webhook);
    expect(await make(of)).toMatchObject({ attempt: { response: null, error: { kind: 'connect' } } });
    const { finished } = await told(of);
    expect(finished).toMatchObject({ outcome: 'failed', reason: 'test_failed', next_attempt_at: null });
    expect(await test.bus.requeue.unschedule(webhook.id, of.delivery)).toBeUndefined();
  });

  it('is transformed, with the metadata that came along, and says what was written meanwhile', async () => {
    const transform =
      'function transform({ metadata }) { console.log(metadata.by); return { body: metadata }; }';
    const of = { ...owed(await test.webhook({ transform })), metadata: '{"by":"ann","n":1}' };
    const answer = await test.bus.testAttempts.request(of, Buffer.from('1'), 10_000);
    expect(answer).toMatchObject({
      attempt: { response: { status: 204 }, console: [{ level: 'log', text: 'ann' }] },
    });
    expect(test.receiver.to(`/${of.webhook}`)[0]?.body.toString()).toBe('{"by":"ann","n":1}');
    const { accepted, finished } = await told(of);
    expect(accepted).toMatchObject({ data: '1', metadata: '{"by":"ann","n":1}' });
    expect(finished?.attempt.console).toEqual([{ level: 'log', text: 'ann' }]);
  });

  it('that the transform drops is cancelled, with its attempt', async () => {
    const of = owed(await test.webhook({ transform: 'function transform() { return null; }' }));
    const answer = await test.bus.testAttempts.request(of, Buffer.from('1'), 10_000);
    expect(answer).toMatchObject({ attempt: { response: null, error: null, console: [] } });
    const { finished } = await told(of);
    expect(finished).toMatchObject({ outcome: 'cancelled', reason: 'dropped_by_transform' });
    expect(test.receiver.to(`/${of.webhook}`)).toEqual([]);
  });

  it('that nobody knows is refused, and not told of', async () => {
    expect(await make(owed({ id: newId('wh'), tenant: 'acme' }))).toEqual({ refused: 'webhook_unknown' });
  });
});
