import { setTimeout as sleep } from 'node:timers/promises';
import type { RoutedWebhook } from '#domain';
import { waitFor, type Answer, type ReceivedRequest } from '#testing';
import { numberOf, pathOf, startEngine, type Engine } from './engine.js';
import { queueState } from './queue.js';

const WEBHOOKS = 10;
const EVENTS = 200;
const PER_SECOND = 10;
const TYPE = 'chaos.ordered';
/** Of the requests to every second webhook. */
const REFUSED = 0.08;

interface Receipt {
  n: number;
  ok: boolean;
}

describe('ordered webhooks while dispatchers and subscribers are killed and restarted', () => {
  let engine: Engine;
  let webhooks: RoutedWebhook[] = [];
  const receipts = new Map<string, Receipt[]>();

  function receive(request: ReceivedRequest): Answer {
    const all = receipts.get(request.path) ?? [];
    receipts.set(request.path, all);
    const refuses = webhooks.findIndex((webhook) => pathOf(webhook) === request.path) % 2 === 0;
    const ok = !(refuses && Math.random() < REFUSED);
    all.push({ n: numberOf(request).n, ok });
    return { status: ok ? 204 : 500, delayMs: 20 };
  }

  const receiptsOf = (webhook: RoutedWebhook) => receipts.get(pathOf(webhook)) ?? [];

  beforeAll(async () => {
    engine = await startEngine();
    engine.receiver.answer(receive);
    const dispatchers = [await engine.dispatcher(), await engine.dispatcher(), await engine.dispatcher()];
    await engine.subscriber();
    webhooks = await Promise.all(
      Array.from({ length: WEBHOOKS }, () => engine.webhook(TYPE, { ordered: true })),
    );
    await engine.settledHomes();
    const publishing = publish();
    for (const dispatcher of dispatchers) {
      await sleep(1_500);
      await dispatcher.kill();
      await dispatcher.restart();
      await sleep(500);
    }
    // It takes events with it that the other is handed half a minute later.
    const dies = await engine.subscriber({ at: 'deliveries published, not journaled', nth: 5 });
    await dispatchers[0]!.stop();
    await dispatchers[0]!.restart();
    await publishing;
    await waitFor(() => expect(dies.endedBy).toBe('SIGKILL'));
    await waitFor(() => expect(webhooks.map(missing)).toEqual(webhooks.map(() => 0)), 120_000);
  }, 240_000);

  afterAll(() => engine?.stop(), 60_000);

  async function publish(): Promise<void> {
    for (let n = 0; n < EVENTS; n++) {
      await engine.publish(TYPE, n);
      await sleep(1_000 / PER_SECOND);
    }
  }

  const missing = (webhook: RoutedWebhook) =>
    EVENTS - new Set(receiptsOf(webhook).flatMap(({ n, ok }) => (ok ? [n] : []))).size;

  it('each receiver sees all events in the order of their acceptance', () => {
    for (const webhook of webhooks) {
      const first = [...new Set(receiptsOf(webhook).map(({ n }) => n))];
      expect(first).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
    }
  });

  it('none comes before the one ahead of it succeeded, and only the one in hand comes again', () => {
    for (const webhook of webhooks) {
      let [inHand, succeeded] = [-1, true];
      for (const { n, ok } of receiptsOf(webhook)) {
        if (n !== inHand) expect({ n, succeeded }).toEqual({ n: inHand + 1, succeeded: true });
        succeeded = ok || (n === inHand && succeeded);
        inHand = n;
      }
    }
  });

  it('the record has all as successes, and nothing is left', async () => {
    const all = webhooks.flatMap(receiptsOf);
    const refused = all.filter(({ ok }) => !ok).length;
    console.info(`${all.length - refused - WEBHOOKS * EVENTS} came twice, ${refused} were refused`);
    const success = WEBHOOKS * EVENTS;
    await waitFor(async () => expect(await engine.record()).toEqual({ success, open: 0 }), 60_000);
    const nothing = { owed: 0, waiting: [] };
    await waitFor(async () => expect(await queueState(engine.natsUrl)).toEqual(nothing), 20_000);
  }, 90_000);
});
