import { setTimeout as sleep } from 'node:timers/promises';
import { ROUTING, EVENTS, type Consumer, done } from '#bus';
import { newId, type RoutedWebhook } from '#domain';
import { waitFor, type ReceivedRequest } from '#testing';
import { startDispatcher } from '../start-dispatcher.js';
import { QUICK_RETRY, startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;
/** Routing, as far as these specs need one: what it holds is not routed. */
let routing: Consumer;
let unrouted = new Set<number>();

beforeAll(async () => {
  test = await startTestDispatcher();
  routing = test.bus.consumer({
    plan: { stream: EVENTS, durable: ROUTING, filter: 'events.>', ackWaitMs: 30_000, maxAckPending: 4_000 },
    capacity: 1_000,
    handle: async ({ sequence }) => {
      while (unrouted.has(sequence)) await sleep(10);
      return done;
    },
    report: () => undefined,
  });
  await routing.start();
}, 30_000);

afterAll(async () => {
  unrouted = new Set();
  await routing.drain(1_000);
  await test.stop();
}, 30_000);
beforeEach(() => test.receiver.answer({ status: 204 }));

/** Publishes events; what routing owes for them is the test's to owe. */
async function accepted(count: number): Promise<{ sequence: number; created_at: number }[]> {
  const all = [];
  for (let n = 0; n < count; n++) {
    const { sequence } = await test.bus.publishEvent({
      tenant: 'acme',
      type: 'order.created',
      body: String(n),
      dedupId: newId('evt'),
    });
    all.push({ sequence, created_at: Date.now() });
  }
  return all;
}

const numbers = (requests: ReceivedRequest[]) =>
  requests.map(({ body }) => (JSON.parse(body.toString()) as { data: number }).data);
const oweInOrder = (webhook: RoutedWebhook, places: { sequence: number; created_at: number }[]) => {
  const owing = places.map((place, n) => ({ place, n })).sort(() => Math.random() - 0.5);
  return Promise.all(
    owing.map(({ place, n }) => test.owe(webhook, String(n), { ...place, owed_at: Date.now() })),
  );
};
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('an ordered webhook', () => {
  it('gets its events in the order of their acceptance, one after another, however they were routed', async () => {
    const webhook = await test.webhook({ ordered: true });
    const seen = { now: 0, most: 0 };
    test.receiver.answer(async () => {
      seen.most = Math.max(seen.most, ++seen.now);
      await sleep(3);
      seen.now--;
      return { status: 204 };
    });
    await oweInOrder(webhook, await accepted(100));
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(100), 20_000);
    expect(numbers(test.receiver.to(webhook.path))).toEqual(upTo(100));
    expect(seen.most).toBe(1);
  }, 40_000);

  it('goes on after an event that its transform dropped', async () => {
    const transform = 'function transform(event) { return event.data === 0 ? null : event; }';
    const webhook = await test.webhook({ ordered: true, transform });
    await oweInOrder(webhook, await accepted(3));
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(2));
    expect(numbers(test.receiver.to(webhook.path))).toEqual([1, 2]);
  }, 20_000);

  it('waits for the one whose transform fails until that is exhausted', async () => {
    const transform = 'function transform(event) { if (event.data === 0) throw "no"; return event; }';
    const webhook = await test.webhook({ ordered: true, transform, retry: { ...QUICK_RETRY, count: 1 } });
    await oweInOrder(webhook, await accepted(3));
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(2), 20_000);
    expect(numbers(test.receiver.to(webhook.path))).toEqual([1, 2]);
    await waitFor(() => {
      const told = test.journal.of('attempt.finished').filter((fact) => fact.webhook === webhook.id);
      expect(told.map(({ outcome }) => outcome)).toEqual(['retrying', 'failed', 'success', 'success']);
    });
  }, 40_000);

  it('waits for an earlier event that is still being routed', async () => {
    const webhook = await test.webhook({ ordered: true });
    // The next event is held up in routing: its sequence is not known before.
    const [probe] = await accepted(1);
    unrouted.add(probe!.sequence + 1);
    const [first, second] = await accepted(2);
    await test.owe(webhook, '1', { ...second! });
    await sleep(700);
    expect(test.receiver.to(webhook.path)).toEqual([]);
    await test.owe(webhook, '0', { ...first! });
    await sleep(300);
    expect(test.receiver.to(webhook.path)).toEqual([]);
    unrouted.clear();
    await waitFor(() => expect(numbers(test.receiver.to(webhook.path))).toEqual([0, 1]));
  }, 40_000);

  it('gets nothing else while a failed one waits for its retry', async () => {
    const webhook = await test.webhook({ ordered: true, retry: { ...QUICK_RETRY, count: 2 } });
    let failures = 2;
    test.receiver.answer((request) => {
      const [n] = numbers([request]);
      return { status: n === 1 && failures-- > 0 ? 500 : 204 };
    });
    await oweInOrder(webhook, await accepted(4));
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(6), 20_000);
    expect(numbers(test.receiver.to(webhook.path))).toEqual([0, 1, 1, 1, 2, 3]);
  }, 40_000);

  it('goes on when the one that fails is exhausted', async () => {
    const webhook = await test.webhook({ ordered: true, retry: { ...QUICK_RETRY, count: 1 } });
    test.receiver.answer((request) => ({ status: numbers([request])[0] === 0 ? 500 : 204 }));
    await oweInOrder(webhook, await accepted(3));
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(4), 20_000);
    expect(numbers(test.receiver.to(webhook.path))).toEqual([0, 0, 1, 2]);
  }, 40_000);

  it('goes on when the one that waits for its retry is cancelled', async () => {
    const webhook = await test.webhook({
      ordered: true,
      retry: { ...QUICK_RETRY, initial_delay_seconds: 3_600, max_delay_seconds: 3_600 },
    });
    test.receiver.answer((request) => ({ status: numbers([request])[0] === 0 ? 500 : 204 }));
    const [head] = await oweInOrder(webhook, await accepted(1));
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(1));
    const [next] = await accepted(1);
    await test.owe(webhook, '1', next);
    await sleep(800);
    expect(test.receiver.to(webhook.path)).toHaveLength(1);
    await test.bus.cancellations.mark(head!.delivery, head!);
    await test.bus.deliveries.cancelLater(webhook.id, head!.delivery);
    await waitFor(() => expect(numbers(test.receiver.to(webhook.path))).toEqual([0, 1]), 20_000);
  }, 40_000);

  it('keeps its order when its home moves and dies', async () => {
    const webhook = await test.webhook({ ordered: true });
    test.receiver.answer({ delayMs: 10 });
    await oweInOrder(webhook, await accepted(200));
    await waitFor(() => expect(test.receiver.to(webhook.path).length).toBeGreaterThan(20));
    const second = await startDispatcher(test.options);
    await waitFor(() => expect(test.receiver.to(webhook.path).length).toBeGreaterThan(60), 20_000);
    await test.app.stop();
    test.app = second;
    await waitFor(() => expect(new Set(numbers(test.receiver.to(webhook.path))).size).toBe(200), 30_000);
    const order = numbers(test.receiver.to(webhook.path));
    expect(order.filter((n, i) => order.indexOf(n) === i)).toEqual(upTo(200));
    // What was in hand at a move may come twice, and then at once.
    order.forEach((n, i) => expect(n).toBeGreaterThanOrEqual((order[i - 1] ?? 0) - 1));
  }, 90_000);

  it('that is paused gets nothing, and on resume everything in order', async () => {
    const webhook = await test.webhook({ ordered: true, status: 'inactive' });
    await oweInOrder(webhook, await accepted(30));
    await sleep(500);
    expect(test.receiver.to(webhook.path)).toEqual([]);
    await test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    await waitFor(() => expect(numbers(test.receiver.to(webhook.path))).toEqual(upTo(30)), 20_000);
  }, 40_000);

  it('that stops being ordered gets the rest as it can take it', async () => {
    const webhook = await test.webhook({ ordered: true, status: 'inactive' });
    await oweInOrder(webhook, await accepted(30));
    await test.bus.webhooks.put({ ...webhook, version: 2, ordered: false, status: 'active' });
    await waitFor(
      () => expect(numbers(test.receiver.to(webhook.path)).sort((a, b) => a - b)).toEqual(upTo(30)),
      20_000,
    );
  }, 40_000);
});
