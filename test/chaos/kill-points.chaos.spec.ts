import type { RoutedWebhook } from '#domain';
import { waitFor, type Answer, type ReceivedRequest } from '#testing';
import type { AppProcess } from './app-process.js';
import type { Death } from './die-at.js';
import { numberOf, pathOf, SOON_RETRY, startEngine, type Engine } from './engine.js';
import { queueState } from './queue.js';

const EVENTS = 30;
/** Published after all have died. */
const LATE_EVENTS = 10;
const ALL_EVENTS = EVENTS + LATE_EVENTS;
const LATE = Array.from({ length: LATE_EVENTS }, (_, i) => EVENTS + i);
/** Longer than it takes to notice a death: a retry that the dead has scheduled is still to come then. */
const RETRY_AFTER_S = 20;

interface Case extends Death {
  webhook?: Partial<RoutedWebhook>;
  /** Paused until all its events are in its lane, so that they are drained from there. */
  fromLane?: boolean;
  /** Each third event is refused when it comes for the first time. */
  refuses?: boolean;
  /**
   * Deliveries that may be received twice: those that the process had in hand, which are as many again as may be
   * attempted at once, for the facts of those that are over are on their way to the journal.
   */
  mayRepeat: number;
}

const SEVERAL = { concurrency: 4 };
const ONE = { concurrency: 1 };
const ORDERED = { ordered: true };
const CASES: Case[] = [
  { at: 'lane about to be closed', nth: 1, webhook: ONE, fromLane: true, mayRepeat: 0 },
  { at: 'lane closed', nth: 1, webhook: ONE, fromLane: true, mayRepeat: 0 },
  { at: 'lane opened', nth: 1, webhook: ONE, fromLane: true, mayRepeat: 1 },
  { at: 'lane drained', nth: 5, webhook: ONE, fromLane: true, mayRepeat: 2 },
  { at: 'moved into the lane, not journaled', nth: 3, webhook: ONE, fromLane: true, mayRepeat: 0 },
  { at: 'ordered lane opened', nth: 1, webhook: ORDERED, mayRepeat: 0 },
  { at: 'ordered lane drained', nth: 5, webhook: ORDERED, mayRepeat: 1 },
  { at: 'retry scheduled, not journaled', nth: 2, webhook: SEVERAL, refuses: true, mayRepeat: 8 },
  { at: 'answered with 2xx, not journaled', nth: 5, webhook: SEVERAL, mayRepeat: 8 },
  { at: 'journaled, not acknowledged', nth: 5, webhook: SEVERAL, mayRepeat: 8 },
];
/** These die when their lane has been empty for a while; the others then, and before anyone takes over. */
const SLOW_TO_DIE = CASES.filter(({ at }) => at.startsWith('lane') && at.endsWith('closed'));

/** Each case has events of its own. */
const typeOf = ({ at }: Case): string => at.replaceAll(/[^a-z0-9]+/g, '_');

interface Receipt {
  n: number;
  ok: boolean;
}

describe('dispatchers that die, each at a point of its own, and one that takes over', () => {
  let engine: Engine;
  const webhooks = new Map<Case, RoutedWebhook>();
  const victims = new Map<Case, AppProcess>();
  const receipts = new Map<Case, Receipt[]>(CASES.map((each) => [each, []]));

  const receiptsOf = (each: Case) => receipts.get(each)!;

  function receive(request: ReceivedRequest): Answer {
    const [each] = [...webhooks].find(([, webhook]) => pathOf(webhook) === request.path)!;
    const { n } = numberOf(request);
    const before = receiptsOf(each).filter((receipt) => receipt.n === n);
    const ok = !(each.refuses && n < EVENTS && n % 3 === 0 && before.length === 0);
    receiptsOf(each).push({ n, ok });
    return { status: ok ? 204 : 503, delayMs: 20 };
  }

  beforeAll(async () => {
    engine = await startEngine();
    engine.receiver.answer(receive);
    await engine.dispatcher();
    const ids = async () => (await engine.bus.homes.read()).members.map(({ id }) => id);
    const known = new Set(await ids());
    const homeOf = new Map<Case, string>();
    for (const each of CASES) {
      victims.set(each, await engine.dispatcher(each));
      const [added] = (await ids()).filter((id) => !known.has(id));
      known.add(added!);
      homeOf.set(each, added!);
    }
    const homes = await engine.settledHomes();
    for (const each of CASES) {
      const change = { retry: { ...SOON_RETRY, initial_delay_seconds: RETRY_AFTER_S }, ...each.webhook };
      const paused = each.fromLane ? { status: 'inactive' as const } : {};
      const among = homes.get(homeOf.get(each)!);
      webhooks.set(each, await engine.webhook(typeOf(each), { ...change, ...paused }, among));
    }
    await engine.subscriber();

    await begin(SLOW_TO_DIE);
    await waitFor(() => expect(SLOW_TO_DIE.map(missing)).toEqual(SLOW_TO_DIE.map(() => LATE)), 30_000);
    await begin(CASES.filter((each) => !SLOW_TO_DIE.includes(each)));
    await waitFor(() => expect(alive()).toEqual([]), 20_000);
    await publish(CASES, EVENTS, ALL_EVENTS);
    await waitFor(() => expect(CASES.map(missing)).toEqual(CASES.map(() => [])), 90_000);
    const success = CASES.length * ALL_EVENTS;
    await waitFor(async () => expect(await engine.record()).toEqual({ success, open: 0 }), 60_000);
  }, 300_000);

  afterAll(() => engine?.stop(), 60_000);

  const alive = () =>
    [...victims].filter(([, { endedBy }]) => endedBy === undefined).map(([each]) => each.at);

  async function begin(cases: Case[]): Promise<void> {
    await publish(cases, 0, EVENTS);
    for (const each of cases.filter(({ fromLane }) => fromLane)) {
      const webhook = webhooks.get(each)!;
      // One of them dies while they are moved there.
      if (each.at !== 'moved into the lane, not journaled')
        await waitFor(async () => expect(await engine.bus.lanes.length(webhook.id)).toBe(EVENTS));
      await engine.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    }
  }

  async function publish(cases: Case[], from: number, to: number): Promise<void> {
    for (let n = from; n < to; n++) await Promise.all(cases.map((each) => engine.publish(typeOf(each), n)));
  }

  /** How often each event was answered with 2xx. */
  function successes(each: Case): number[] {
    const counts = Array.from({ length: ALL_EVENTS }, () => 0);
    for (const { n, ok } of receiptsOf(each)) if (ok) counts[n]!++;
    return counts;
  }

  const missing = (each: Case) => [...successes(each).entries()].filter(([, ok]) => ok === 0).map(([n]) => n);

  it('each died of SIGKILL', () => {
    expect([...victims.values()].map(({ endedBy }) => endedBy)).toEqual(CASES.map(() => 'SIGKILL'));
  });

  it.each(CASES)('$at: everything arrives, and only what was in hand comes twice', (each) => {
    const counts = successes(each);
    expect(counts.filter((ok) => ok === 0)).toEqual([]);
    const repeated = counts.filter((ok) => ok > 1).length;
    console.info(`${each.at}: ${repeated} received twice`);
    expect(repeated).toBeLessThanOrEqual(each.mayRepeat);
    expect(Math.max(...counts)).toBeLessThanOrEqual(2);
  });

  it.each(CASES)('$at: the record shows a success for each, with its attempts', async (each) => {
    const rows = await engine.database.query<{ status: string; attempts: string; ok: string }[]>(
      `SELECT d.status, count(a.id) AS attempts, count(a.id) FILTER (WHERE a.response_status = 204) AS ok
         FROM deliveries d JOIN attempts a ON a.delivery_id = d.id AND a.created_at = d.created_at
        WHERE d.webhook_id = $1 GROUP BY d.id, d.status`,
      [webhooks.get(each)!.id],
    );
    expect(rows).toHaveLength(ALL_EVENTS);
    for (const { status, ok } of rows) {
      expect(status).toBe('success');
      expect(Number(ok)).toBeGreaterThanOrEqual(1);
    }
    // An attempt may have been made by the process that died before it could tell; none is recorded that was not made.
    const unrecorded =
      receiptsOf(each).length - rows.reduce((sum, { attempts }) => sum + Number(attempts), 0);
    expect(unrecorded).toBeGreaterThanOrEqual(0);
    expect(unrecorded).toBeLessThanOrEqual(each.mayRepeat);
  });

  it('a retry that the dead had scheduled is taken back when its attempt is made again and succeeds', () => {
    const each = CASES.find(({ refuses }) => refuses)!;
    const refused = receiptsOf(each).filter(({ ok }) => !ok);
    expect(refused).toHaveLength(EVENTS / 3);
    for (const { n } of refused) expect([n, successes(each)[n]]).toEqual([n, 1]);
  });

  it('ordered webhooks got their events in order all the same', () => {
    for (const each of CASES.filter(({ webhook }) => webhook?.ordered)) {
      const numbers = receiptsOf(each).map(({ n }) => n);
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  it('nothing is left in the queue, and no consumer is stuck', async () => {
    const nothing = { owed: 0, waiting: [] };
    await waitFor(async () => expect(await queueState(engine.natsUrl)).toEqual(nothing), 20_000);
  });
});
