import { setTimeout as sleep } from 'node:timers/promises';
import { JOURNAL, type Bus, type JournalWriter, type QueueLook } from '#bus';
import { DEFAULT_TENANT, type DeliveryId } from '#domain';
import { OpenDeliveries, type DataSource, type LeftOpen, type OpenDelivery } from '#persistence';
import { dueAt, GRACE_MS, nextCheck } from './next-check.js';
import { restoreAll, type Restored } from './restore-all.js';

export type RoundEnd =
  /** All that was to be looked at was looked at. */
  | 'through'
  /** Another replica does it. */
  | 'elsewhere'
  /** The record or the buckets do not say all yet, or not any more; what is left is looked at in a later round. */
  | 'behind';

/** What a round found. */
export interface Round extends Restored {
  end: RoundEnd;
  looked: number;
  /** Whether everything open was looked at, because the queue had been made anew. */
  whole: boolean;
}

export interface ReconcilerOptions {
  bus: Bus;
  database: DataSource;
  journal: JournalWriter;
  /** Told of each round. */
  observed: (round: Round) => void;
  report: (problem: string, error: unknown) => void;
  /** Between two rounds, milliseconds. */
  everyMs?: number;
}

const EVERY_MS = 30_000;
/** Open deliveries that are in memory at once, and hold up what else this process does: 250 for two or three milliseconds. */
const PAGE = 250;
/** How long it rests after a page, in times of what the page took. */
const REST = 2;
/** What was seen in the queue is believed for so long; half the grace. */
const LOOK_MS = 30_000;
/** A record that is further behind says too little; half the grace. */
const BEHIND_MS = 30_000;
const CATCH_UP_MS = 10_000;
/** The durable consumer that the record is built through (projections.controller.ts). */
const PROJECTIONS = 'projections';

/**
 * Finds deliveries that should have moved and did not, and queues them again
 * (docs/adr/0007). A round looks at those that were left open a while ago:
 *
 *   left open --> ended or moved on: forgotten; whoever moved it left it open anew
 *       |-------> not due, or has its message: looked at again later (next-check.ts)
 *       `-------> overdue and without a message: queued again, and looked at again later
 *
 * A queue that was made after the last move of a delivery cannot hold its
 * message, so after a loss of NATS' storage one round looks at all that is
 * open, whenever it is due.
 *
 * Deliveries that end while a round looks must not be queued again. So the
 * queue is looked at first; then the record must take in what the journal has
 * by then, for facts are journaled before messages leave the queue; and only
 * what is open in the record after that was really missing. A crash in a round
 * has the same rows looked at again; what was queued is known by its dedup id.
 */
export class Reconciler {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** When the queue was made that a whole round has been through for, milliseconds since 1970. */
  private queueKnown = 0;

  constructor(private readonly options: ReconcilerOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Resolves when the page that it is at is done. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** @throws when NATS or PostgreSQL cannot be asked; nothing is lost by that */
  async round(): Promise<Round> {
    const { database } = this.options;
    const round: Round = { end: 'behind', looked: 0, whole: false, queued: 0, expired: 0 };
    if (!database.isInitialized || !(await this.isAllTold())) return round;
    const open = await OpenDeliveries.lock(database);
    if (!open) return { ...round, end: 'elsewhere' };
    try {
      await this.through(open, round);
    } finally {
      await open.unlock();
    }
    return round;
  }

  private async run(): Promise<void> {
    const { observed, report, everyMs = EVERY_MS } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        observed(await this.round());
      } catch (error) {
        report('a round of the reconciler broke off', error);
      }
    }
  }

  /** The relay fills the buckets before they are to be believed (KnownTenants); an unknown webhook's delivery is cancelled. */
  private async isAllTold(): Promise<boolean> {
    const { bus } = this.options;
    if (!(await bus.tenants.get(DEFAULT_TENANT))) return false;
    return Date.now() - (await bus.readUpTo(JOURNAL, PROJECTIONS)) < BEHIND_MS;
  }

  private async through(open: OpenDeliveries, round: Round): Promise<void> {
    let look = this.options.bus.lookIntoQueue();
    let lookedAt = Date.now();
    const madeAt = await look.queueMadeAt();
    const now = Date.now();
    round.whole = madeAt !== this.queueKnown;
    const upTo = await open.lastSeq();
    for (let after = 0; ;) {
      const due = round.whole ? {} : { checkBefore: now };
      const begun = performance.now();
      const { seqs, entries } = await open.page({ after, upTo, ...due }, PAGE);
      after = seqs.at(-1) ?? upTo;
      if (seqs.length === 0) break;
      round.looked += entries.length;
      const standing = await this.standing(open, entries);
      const overdue = standing.filter((each) => dueAt(each) + GRACE_MS < now || each.updated_at < madeAt);
      if (!(await this.restoreMissing(open, look, overdue, round))) return;
      await open.settle(seqs, standing.map(leftOpen));
      if (this.stopping.signal.aborted) return;
      if (round.whole) continue;
      await this.rest(performance.now() - begun);
      if (Date.now() - lookedAt < LOOK_MS) continue;
      look = this.options.bus.lookIntoQueue();
      lookedAt = Date.now();
    }
    round.end = 'through';
    this.queueKnown = madeAt;
  }

  /** As long as it worked and longer: nobody waits for it, and events share its processors. */
  private async rest(workedMs: number): Promise<void> {
    const { signal } = this.stopping;
    await sleep(workedMs * REST, undefined, { signal }).catch(() => undefined);
  }

  /** Those that are open and have not moved since they were left so, each once. */
  private async standing(
    open: OpenDeliveries,
    entries: readonly Pick<LeftOpen, 'delivery' | 'seen'>[],
  ): Promise<OpenDelivery[]> {
    const seen = new Set(entries.map(({ delivery, seen }) => `${delivery}/${seen}`));
    const stillOpen = await open.stillOpen([...new Set(entries.map(({ delivery }) => delivery))]);
    return stillOpen.filter(({ delivery, updated_at }) => seen.has(`${delivery}/${updated_at}`));
  }

  /** @returns false when the record did not catch up */
  private async restoreMissing(
    open: OpenDeliveries,
    look: QueueLook,
    overdue: readonly OpenDelivery[],
    round: Round,
  ): Promise<boolean> {
    const { bus, journal } = this.options;
    const missing = await look.missing(overdue);
    if (missing.length === 0) return true;
    if (!(await bus.readAll(JOURNAL, PROJECTIONS, CATCH_UP_MS))) return false;
    const moves = new Map<DeliveryId, number>(missing.map((each) => [each.delivery, each.updated_at]));
    const still = await open.stillOpen([...moves.keys()]);
    const lost = still.filter(({ delivery, updated_at }) => moves.get(delivery) === updated_at);
    const restored = await restoreAll(lost, { open, requeue: bus.requeue, journal });
    round.queued += restored.queued;
    round.expired += restored.expired;
    return true;
  }
}

function leftOpen(delivery: OpenDelivery): LeftOpen {
  const checkAt = nextCheck(dueAt(delivery), Date.now());
  return { delivery: delivery.delivery, seen: delivery.updated_at, checkAt };
}
