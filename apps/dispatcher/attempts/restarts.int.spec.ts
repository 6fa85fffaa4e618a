import { setTimeout as sleep } from 'node:timers/promises';
import { decodeOwed, DELIVERIES, partitionOf, type OwedDelivery } from '#bus';
import { waitFor } from '#testing';
import { startDispatcher } from '../start-dispatcher.js';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;

beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);

afterAll(() => test.stop(), 30_000);

beforeEach(() => test.receiver.answer({ status: 204 }));

const attemptsOf = (owed: OwedDelivery) =>
  test.journal.of('attempt.finished').filter((fact) => fact.delivery === owed.delivery);

describe('a delivery that another dispatcher died with', () => {
  it('takes its retry back, when that one had scheduled it and this one succeeds', async () => {
    const webhook = await test.webhook();
    await test.app.stop();
    const owed = await test.owe(webhook);
    const taken: string[] = [];
    const partition = partitionOf(webhook.id);
    const dead = test.bus.consumer({
      plan: {
        stream: DELIVERIES,
        durable: `ready-${partition}`,
        filter: `deliveries.ready.${partition}.*`,
        ackWaitMs: 15_000,
        maxAckPending: 20_000,
      },
      capacity: 100,
      handle: (message) => {
        taken.push(decodeOwed(message.payload).owed.delivery);
        return new Promise(() => undefined);
      },
      report: () => undefined,
    });
    await dead.start();
    await waitFor(() => expect(taken).toContain(owed.delivery));
    await test.bus.deliveries.later({ ...owed, attempt: 2 }, Buffer.from('1'), Date.now() + 5_000);
    await dead.drain(0);
    test.app = await startDispatcher(test.options);
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(1), 20_000);
    await sleep(6_500);
    expect(test.receiver.to(webhook.path)).toHaveLength(1);
  }, 40_000);
});

describe('a dispatcher that is told to stop', () => {
  it('finishes the attempts that it has begun, and records them', async () => {
    test.receiver.answer({ delayMs: 1_000 });
    const webhook = await test.webhook();
    const owed = await test.owe(webhook);
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(1));
    await test.app.stop();
    await waitFor(() => expect(attemptsOf(owed)).toEqual([expect.objectContaining({ outcome: 'success' })]));
    test.app = await startDispatcher(test.options);
    await sleep(500);
    expect(test.receiver.to(webhook.path)).toHaveLength(1);
  }, 30_000);

  it('hands back what takes too long; the next one makes the attempt again at once', async () => {
    test.receiver.answer((_request, count) => ({ delayMs: count === 1 ? 20_000 : 0 }));
    const webhook = await test.webhook({ timeout_seconds: 30 });
    const owed = await test.owe(webhook);
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(1));
    const began = Date.now();
    await test.app.stop();
    expect(Date.now() - began).toBeLessThan(10_000);
    test.app = await startDispatcher(test.options);
    await waitFor(
      () => expect(attemptsOf(owed)).toEqual([expect.objectContaining({ outcome: 'success' })]),
      4_000,
    );
  }, 40_000);
});

describe('a dispatcher whose NATS server is killed', () => {
  it('goes on when it is back, with all that was owed', async () => {
    const webhook = await test.webhook();
    test.receiver.answer((_request, count) => ({ status: count <= 3 ? 500 : 204, delayMs: 50 }));
    const owed = await Promise.all(Array.from({ length: 20 }, () => test.owe(webhook)));
    await waitFor(() => expect(test.receiver.to(webhook.path).length).toBeGreaterThan(3));
    await test.nats.kill();
    await test.nats.restart();
    await waitFor(() => {
      const ended = owed.filter((one) => attemptsOf(one).some(({ outcome }) => outcome === 'success'));
      expect(ended).toHaveLength(20);
    }, 40_000);
  }, 60_000);
});
