import { setTimeout as sleep } from 'node:timers/promises';
import { routedTenant, waitFor, type ReceivedRequest } from '#testing';
import type { RoutedWebhook } from '#domain';
import { startDispatcher } from '../start-dispatcher.js';
import { QUICK_RETRY, startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;

beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);

afterAll(() => test.stop(), 30_000);
beforeEach(() => test.receiver.answer({ status: 204 }));

const oweMany = (webhook: RoutedWebhook, count: number) =>
  Promise.all(Array.from({ length: count }, () => test.owe(webhook)));
const laneOf = (webhook: RoutedWebhook) => test.bus.lanes.length(webhook.id);
const reasonsOf = (webhook: RoutedWebhook) =>
  new Set(
    test.journal
      .of('delivery.held')
      .filter((fact) => fact.webhook === webhook.id)
      .map(({ reason }) => reason),
  );
const succeeded = (webhook: RoutedWebhook) =>
  new Set(
    test.journal
      .of('attempt.finished')
      .filter((fact) => fact.webhook === webhook.id && fact.outcome === 'success')
      .map(({ delivery }) => delivery),
  ).size;
const NO_RETRY = { ...QUICK_RETRY, enabled: false };

/** The most requests that came within any such time. */
function fullest(requests: ReceivedRequest[], periodMs: number): number {
  return Math.max(
    ...requests.map(
      ({ at }) => requests.filter((other) => other.at >= at && other.at < at + periodMs).length,
    ),
  );
}

/** Answers late, and knows how many requests it had at once. */
function countingReceiver(delayMs: number) {
  const seen = { now: 0, most: 0 };
  test.receiver.answer(async () => {
    seen.now++;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    seen.now--;
    return { status: 204 };
  });
  return seen;
}

describe('concurrency', () => {
  it('is never more than the webhook allows, whatever waits in its lane, and is used', async () => {
    const seen = countingReceiver(250);
    const webhook = await test.webhook({ concurrency: 5 });
    await oweMany(webhook, 120);
    await waitFor(() => expect(succeeded(webhook)).toBe(120), 30_000);
    expect(seen.most).toBe(5);
    await waitFor(async () => expect(await laneOf(webhook)).toBe(0));
    expect(reasonsOf(webhook)).toEqual(new Set(['webhook_busy']));
  }, 60_000);
});

describe('a rate limit', () => {
  it('is never exceeded in any window, and what is over it waits and comes', async () => {
    const webhook = await test.webhook({ rate_limit: { limit: 5, period_seconds: 1 } });
    await oweMany(webhook, 22);
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(22), 20_000);
    expect(fullest(test.receiver.to(webhook.path), 1_000)).toBeLessThanOrEqual(5);
    expect(reasonsOf(webhook)).toContain('rate_limited');
  }, 40_000);

  it('holds over a restart of the dispatcher', async () => {
    const webhook = await test.webhook({ rate_limit: { limit: 3, period_seconds: 4 } });
    await oweMany(webhook, 6);
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(3));
    await test.app.stop();
    test.app = await startDispatcher(test.options);
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(6), 20_000);
    expect(fullest(test.receiver.to(webhook.path), 4_000)).toBeLessThanOrEqual(3);
  }, 40_000);

  it('of the tenant bounds each of its webhooks', async () => {
    await test.bus.tenants.put(routedTenant({ id: 'small', max_deliveries_per_hour_per_webhook: 4 }));
    const [one, other] = [await test.webhook({ tenant: 'small' }), await test.webhook({ tenant: 'small' })];
    await Promise.all([oweMany(one, 7), oweMany(other, 3)]);
    await waitFor(async () => expect(await laneOf(one)).toBe(3));
    await waitFor(() => expect(test.receiver.to(other.path)).toHaveLength(3));
    await waitFor(() => expect(test.receiver.to(one.path)).toHaveLength(4));
    await test.bus.tenants.put(routedTenant({ id: 'small', version: 2 }));
    await test.bus.webhooks.put({ ...one, version: 2 });
    await waitFor(() => expect(test.receiver.to(one.path)).toHaveLength(7));
  }, 40_000);
});

describe('a circuit breaker', () => {
  it('opens when a webhook keeps failing, spends no attempts while it is open, and survives a restart', async () => {
    test.receiver.answer({ status: 500 });
    const webhook = await test.webhook({ retry: NO_RETRY });
    await oweMany(webhook, 60);
    await waitFor(async () => expect(await laneOf(webhook)).toBeGreaterThan(20));
    await waitFor(() =>
      expect(test.journal.of('circuit.opened').filter((fact) => fact.webhook === webhook.id)).toHaveLength(1),
    );
    const spent = test.receiver.to(webhook.path).length;
    expect(spent).toBeGreaterThanOrEqual(10);
    expect(spent).toBeLessThan(30);
    expect(reasonsOf(webhook)).toContain('circuit_open');
    expect(await test.bus.breakers.load(webhook.id)).toMatchObject({
      tenant: 'acme',
      snapshot: { failures: 10 },
    });

    await test.app.stop();
    test.app = await startDispatcher(test.options);
    await test.owe(webhook);
    await waitFor(async () => expect(await laneOf(webhook)).toBe(61 - spent));
    expect(test.receiver.to(webhook.path)).toHaveLength(spent);
  }, 40_000);

  it('lets one probe through when it is time, and everything when that succeeds', async () => {
    const webhook = await test.webhook();
    const snapshot = {
      failures: 10,
      opened_at: Date.now(),
      next_probe_at: Date.now() + 6_000,
      failed_probes: 0,
    };
    await test.bus.breakers.put(webhook.id, { tenant: 'acme', snapshot });
    // Its home hears of it a moment later.
    await sleep(500);
    const seen = countingReceiver(300);
    await oweMany(webhook, 10);
    await waitFor(async () => expect(await laneOf(webhook)).toBe(10));
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(1), 20_000);
    expect(seen.most).toBe(1);
    await waitFor(() => expect(succeeded(webhook)).toBe(10), 20_000);
    expect(test.journal.of('circuit.closed').filter((fact) => fact.webhook === webhook.id)).toHaveLength(1);
    await waitFor(async () => expect(await test.bus.breakers.load(webhook.id)).toBeUndefined());
  }, 40_000);
});

describe('a dead webhook', () => {
  it('delays no other, however many deliveries it is owed', async () => {
    test.receiver.answer((request) => ({ delayMs: request.path.startsWith('/dead') ? 60_000 : 0 }));
    const dead = await Promise.all(
      Array.from({ length: 10 }, () =>
        test.webhook({ url: `${test.receiver.url}/dead`, timeout_seconds: 30, retry: NO_RETRY }),
      ),
    );
    await Promise.all(dead.map((webhook) => oweMany(webhook, 100)));
    const living = await test.webhook();
    const began = Date.now();
    await oweMany(living, 20);
    await waitFor(() => expect(test.receiver.to(living.path)).toHaveLength(20));
    expect(Date.now() - began).toBeLessThan(3_000);
  }, 60_000);
});

describe('a receiver that wants nothing more', () => {
  it.each([
    ['receiver_gone', { status: 410 }],
    ['receiver_asked', { status: 500, headers: { 'webhook-delivery': 'disable' } }],
  ])(
    'is told of (%s), and gets nothing more',
    async (reason, answer) => {
      test.receiver.answer(answer);
      const webhook = await test.webhook({ concurrency: 1 });
      await oweMany(webhook, 20);
      await waitFor(() =>
        expect(test.journal.of('webhook.refused').filter((fact) => fact.webhook === webhook.id)).toEqual([
          expect.objectContaining({ reason }),
        ]),
      );
      await waitFor(async () => expect(await laneOf(webhook)).toBe(19));
      expect(test.receiver.to(webhook.path)).toHaveLength(1);

      await test.bus.webhooks.put({ ...webhook, version: 2, status: 'disabled' });
      await waitFor(() =>
        expect(
          test.journal.of('delivery.cancelled').filter((fact) => fact.webhook === webhook.id),
        ).toHaveLength(19),
      );
      expect(test.receiver.to(webhook.path)).toHaveLength(1);
    },
    40_000,
  );
});
