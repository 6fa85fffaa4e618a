import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '#bus';
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

const HOMES_EVERY_MS = 20;
const RECORD_AFTER_MS = 3_000;

interface Seen {
  /** When requests came, milliseconds since 1970. */
  at: number[];
  /** Which deliveries they were of. */
  deliveries: string[];
  now: number;
  most: number;
}

describe('the limits of webhooks while dispatchers join, leave and are killed', () => {
  let engine: Engine;
  let limited: RoutedWebhook[] = [];
  let narrow: RoutedWebhook[] = [];
  const seen = new Map<string, Seen>();

  const seenOf = (path: string): Seen => {
    const known = seen.get(path) ?? { at: [], deliveries: [], now: 0, most: 0 };
    seen.set(path, known);
    return known;
  };

  async function receive(request: ReceivedRequest): Promise<Answer> {
    const at = seenOf(request.path);
    at.at.push(request.at);
    at.deliveries.push(String(request.headers['x-tidings-delivery-id']));
    at.most = Math.max(at.most, ++at.now);
    await sleep(ANSWER_MS);
    at.now--;
    return { status: 204 };
  }

  const mostWithin = ({ at }: Seen): number =>
    Math.max(0, ...at.map((first, i) => at.slice(i).filter((one) => one < first + PERIOD_MS).length));

  const moves: { at: number; partition: number; member: string }[] = [];

  /** Notes who has which partition, until it is told to stop. */
  async function watchHomes(signal: AbortSignal): Promise<void> {
    const last = new Map<number, string>();
    while (!signal.aborted) {
      const { homes } = await engine.bus.homes.read();
      for (const { partition, member } of homes) {
        if (last.get(partition) !== member) moves.push({ at: Date.now(), partition, member });
        last.set(partition, member);
      }
      await sleep(HOMES_EVERY_MS);
    }
  }

  /** When each request was sent, as the record has it, when it came, and when the webhook's home changed. */
  async function storyOf(webhook: RoutedWebhook): Promise<string> {
    await sleep(RECORD_AFTER_MS);
    const sent = await engine.database.query<
      { delivery_id: string; started_at: Date; duration_ms: number }[]
    >(`SELECT delivery_id, started_at, duration_ms FROM attempts WHERE url = $1`, [webhook.url]);
    const { at, deliveries } = seenOf(pathOf(webhook));
    const lines = [
      ...sent.map((one) => ({
        at: one.started_at.getTime(),
        what: `sent ${one.delivery_id}, for ${one.duration_ms} ms`,
      })),
      ...at.map((came, i) => ({ at: came, what: `came ${deliveries[i]}` })),
      ...moves
        .filter(({ partition }) => partition === partitionOf(webhook.id))
        .map((move) => ({ at: move.at, what: `home is ${move.member}` })),
    ].sort((one, other) => one.at - other.at);
    return [webhook.id, ...lines.map((line) => `${line.at - lines[0]!.at} ms: ${line.what}`)].join('\n');
  }

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
    const watching = new AbortController();
    const homes = watchHomes(watching.signal);
    // From the first moment on: the second has just come, and partitions move to it.
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
    watching.abort();
    await homes;
    const [windows, most] = [limited, narrow].map((webhooks) => webhooks.map((one) => seenOf(pathOf(one))));
    console.info(
      `${killed} kills, ${stopped} restarts: at most ${windows!.map(mostWithin).join(', ')} of ${LIMIT} in ${PERIOD_MS} ms; ` +
        `at most ${most!.map((one) => one.most).join(', ')} of ${CONCURRENCY} at once; ${windows!.map(({ at }) => at.length).join(', ')} came`,
    );
    const exceeded = [
      ...limited.filter((one) => mostWithin(seenOf(pathOf(one))) > LIMIT),
      ...narrow.filter((one) => seenOf(pathOf(one)).most > CONCURRENCY),
    ];
    for (const one of exceeded) console.info(await storyOf(one));
    for (const one of windows!) expect(mostWithin(one)).toBeLessThanOrEqual(LIMIT);
    // The successor of one that was killed begins seconds after the last request of that one came.
    for (const one of most!) expect(one.most).toBeLessThanOrEqual(CONCURRENCY);
    const came = (webhooks: RoutedWebhook[]) =>
      Math.min(...webhooks.map((one) => seenOf(pathOf(one)).at.length));
    await waitFor(() => expect(came(narrow)).toBeGreaterThanOrEqual(EVENTS), 40_000);
    // Heirs that are killed before they begin let a webhook wait, but not for ever.
    await waitFor(() => expect(came(limited)).toBeGreaterThan(LIMIT), 40_000);
  }, 160_000);
});
