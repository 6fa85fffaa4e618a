import { decodeOwed, DELIVERIES, partitionOf, type OwedDelivery } from '#bus';
import type { AttemptFinished } from '#domain';
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
const sentTo = (webhook: { id: string }) =>
  test.receiver
    .to(`/${webhook.id}`)
    .map(({ body }) => (JSON.parse(body.toString()) as { data: unknown }).data);

/** Owes a delivery, which a dispatcher takes up that dies before it says anything to NATS but `told`. */
async function owedToTheDead(
  webhook: Awaited<ReturnType<TestDispatcher['webhook']>>,
  told: AttemptFinished[] = [],
) {
  await test.app.stop();
  const owed = await test.owe(webhook);
  const partition = partitionOf(webhook.id);
  const taken: string[] = [];
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
  const journal = test.bus.journal('dispatcher');
  for (const fact of told) await journal.append({ ...fact, delivery: owed.delivery, event: owed.event });
  await journal.close(1_000);
  await dead.drain(0);
  test.app = await startDispatcher(test.options);
  return owed;
}

describe('a delivery that another dispatcher died with', () => {
  it('after it had told that the transform dropped it, is dropped again, and nothing is sent', async () => {
    const webhook = await test.webhook({ transform: 'function transform() { return null; }' });
    const before = await test.owe(webhook);
    const [fact] = await waitFor(() => {
      expect(attemptsOf(before)).toHaveLength(1);
      return attemptsOf(before);
    });
    const owed = await owedToTheDead(webhook, [fact!]);
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(2), 20_000);
    for (const each of attemptsOf(owed))
      expect(each).toMatchObject({ outcome: 'cancelled', reason: 'dropped_by_transform' });
    expect(sentTo(webhook)).toEqual([]);
    expect((await test.bus.lookIntoQueue().missing([owed])).length).toBe(1);
  }, 40_000);

  it('while its transform ran, is transformed again, and sent once', async () => {
    const transform = 'function transform(event) { event.data.n += 1; return event; }';
    const webhook = await test.webhook({ transform });
    const owed = await owedToTheDead(webhook);
    await waitFor(() => expect(attemptsOf(owed)).toHaveLength(1), 20_000);
    expect(sentTo(webhook)).toEqual([{ n: 2 }]);
  }, 40_000);
});

describe('a dispatcher that is told to stop while a transform runs', () => {
  it('loses nothing of it', async () => {
    // Longer than the pool takes to begin, shorter than it may run.
    const transform = `function transform(event) {
      const until = Date.now() + 300;
      while (Date.now() < until);
      return event;
    }`;
    const webhook = await test.webhook({ transform });
    const owed = await Promise.all(Array.from({ length: 6 }, () => test.owe(webhook)));
    await waitFor(() => expect(sentTo(webhook).length).toBeGreaterThan(0));
    await test.app.stop();
    test.app = await startDispatcher(test.options);
    await waitFor(() => {
      const ended = owed.filter((each) => attemptsOf(each).some(({ outcome }) => outcome === 'success'));
      expect(ended).toHaveLength(6);
    }, 20_000);
  }, 60_000);
});

describe('a rate limit', () => {
  it('is not used by what a transform drops', async () => {
    const transform = 'function transform(event) { return event.data.n === 0 ? event : null; }';
    const webhook = await test.webhook({ transform, rate_limit: { limit: 2, period_seconds: 3_600 } });
    for (let n = 10; n > 0; n--) await test.owe(webhook, JSON.stringify({ n }));
    await waitFor(() => {
      const facts = test.journal.of('attempt.finished').filter((fact) => fact.webhook === webhook.id);
      expect(facts.filter(({ outcome }) => outcome === 'cancelled')).toHaveLength(10);
    }, 20_000);
    await test.owe(webhook, '{"n":0}');
    await waitFor(() => expect(sentTo(webhook)).toEqual([{ n: 0 }]));
  }, 30_000);
});
