import { setTimeout as sleep } from 'node:timers/promises';
import type { RoutedWebhook } from '#domain';
import { waitFor, type Answer, type ReceivedRequest } from '#testing';
import { pathOf, startEngine, type Engine } from './engine.js';

const TYPE = 'chaos.limits';
/** More than the limits let through meanwhile. */
const EVENTS = 200;
const LIMIT = 10;
const PERIOD_MS = 2_000;
const CONCURRENCY = 3;
const LIMITED = 4;
const ANSWER_MS = 150;
const KILLED_FOR_MS = 20_000;

interface Seen {
  /** When requests came, milliseconds since 1970. */
  at: number[];
  now: number;
  most: number;
}

describe('the limits of webhooks while dispatchers join, leave and are killed', () => {
  let engine: Engine;
  let limited: RoutedWebhook[] = [];
  let narrow: RoutedWebhook[] = [];
  const seen = new Map<string, Seen>();

  const seenOf = (path: string): Seen => {
    const known = seen.get(path) ?? { at: [], now: 0, most: 0 };
    seen.set(path, known);
    return known;
  };

  async function receive(request: ReceivedRequest): Promise<Answer> {
    const at = seenOf(request.path);
    at.at.push(request.at);
    at.most = Math.max(at.most, ++at.now);
    await sleep(ANSWER_MS);
    at.now--;
    return { status: 204 };
  }

  const mostWithin = ({ at }: Seen): number =>
    Math.max(0, ...at.map((first, i) => at.slice(i).filter((one) => one < first + PERIOD_MS).length));

  beforeAll(async () => {
    engine = await startEngine();
    engine.receiver.answer(receive);
    await engine.subscriber();
    const of = (change: Partial<RoutedWebhook>) =>
      Promise.all(Array.from({ length: LIMITED }, () => engine.webhook(TYPE, change)));
    limited = await of({ rate_limit: { limit: LIMIT, period_seconds: PERIOD_MS / 1_000 } });
    narrow = await of({ concurrency: CONCURRENCY });
  }, 60_000);

  afterAll(() => engine?.stop(), 60_000);

  it('are never exceeded at the receiver', async () => {
    const dispatchers = [await engine.dispatcher(), await engine.dispatcher()];
    for (let n = 0; n < EVENTS; n++) await engine.publish(TYPE, n);
    const until = Date.now() + KILLED_FOR_MS;
    let [killed, stopped] = [0, 0];
    for (let turn = 0; Date.now() < until; turn++) {
      const dispatcher = dispatchers[turn % 2]!;
      await sleep(500 + Math.random() * 2_000);
      if (Math.random() < 0.5) await dispatcher.kill().then(() => killed++);
      else await dispatcher.stop().then(() => stopped++);
      await sleep(Math.random() * 1_000);
      await dispatcher.restart();
    }
    const [windows, most] = [limited, narrow].map((webhooks) => webhooks.map((one) => seenOf(pathOf(one))));
    console.info(
      `${killed} kills, ${stopped} restarts: at most ${windows!.map(mostWithin).join(', ')} of ${LIMIT} in ${PERIOD_MS} ms; ` +
        `at most ${most!.map((one) => one.most).join(', ')} of ${CONCURRENCY} at once; ${windows!.map(({ at }) => at.length).join(', ')} came`,
    );
    for (const one of windows!) {
      expect(mostWithin(one)).toBeLessThanOrEqual(LIMIT);
      expect(one.at.length).toBeGreaterThan(LIMIT);
    }
    // The successor of one that was killed begins seconds after the last request of that one came.
    for (const one of most!) expect(one.most).toBeLessThanOrEqual(CONCURRENCY);
    await waitFor(
      () => expect(narrow.map((one) => seenOf(pathOf(one)).at.length >= EVENTS)).not.toContain(false),
      40_000,
    );
  }, 120_000);
});
