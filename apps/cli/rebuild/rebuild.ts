import { setTimeout as sleep } from 'node:timers/promises';
import { wholeFact, type Bus } from '#bus';
import type { Fact } from '#domain';
import {
  boundPartitions,
  dropTablesAnew,
  exchangeDays,
  foldTallies,
  holdProjections,
  keepPayloads,
  makeTablesAnew,
  openAnew,
  planExchange,
  Projection,
  tellOfOpen,
  withLock,
  type DataSource,
  type ExchangePlan,
} from '#persistence';

export interface RebuildParts {
  database: DataSource;
  databaseUrl: string;
  bus: Bus;
  /** Told how far it is, now and then. */
  progress: (facts: number, message: number, last: number) => void;
  /** Told of each step that is done; what it throws ends the work, as a crash would. */
  reached?: (step: RebuildStep) => void;
}

export type RebuildStep =
  'tables made' | 'journal read' | 'projections held' | 'days exchanged' | 'old days dropped';

export interface Rebuilt extends ExchangePlan {
  facts: number;
  seconds: number;
  /** For how long no projection wrote, milliseconds. */
  heldMs: number;
}

/** Facts that are written together. */
const BATCH = 2_000;
/** How often days are tried to be exchanged, where somebody uses the record all the time. */
const TRIES = 20;
const BETWEEN_TRIES_MS = 1_000;
const FOLDING_POLL_MS = 20;

/**
 * Makes the record anew from the journal, and exchanges the days that the
 * journal tells of wholly, while everything runs (docs/adr/0011).
 *
 *   tables made --> journal read --> projections held: the rest is read --> days exchanged --> old days dropped
 *
 * Whoever dies before the days are exchanged has changed nothing; after it, the
 * next rebuild drops what was replaced.
 * @returns undefined where another rebuild is at work
 * @throws what PostgreSQL and NATS say
 */
export async function rebuild(parts: RebuildParts): Promise<Rebuilt | undefined> {
  let rebuilt: Rebuilt | undefined;
  await withLock(parts.database, 'rebuild', async () => {
    await makeTablesAnew(parts.database);
    const anew = await openAnew(parts.databaseUrl);
    try {
      rebuilt = await new Rebuild(parts, anew).run();
    } finally {
      await anew.destroy();
    }
  });
  return rebuilt;
}

class Rebuild {
  private readonly projection: Projection;
  private readonly reached: (step: RebuildStep) => void;
  private facts = 0;
  /** The first message of the journal that is not read. */
  private next = 0;

  constructor(
    private readonly parts: RebuildParts,
    private readonly anew: DataSource,
  ) {
    this.projection = new Projection(anew, { alone: true });
    this.reached = parts.reached ?? (() => undefined);
  }

  async run(): Promise<Rebuilt> {
    const { database, bus } = this.parts;
    const begun = performance.now();
    this.reached('tables made');
    const { first, firstAt } = await bus.journalFollower('rebuild').bounds();
    this.next = first;
    // The first time takes long, the second one little: then little is left for when projections wait.
    let readAt = 0;
    for (let times = 0; times < 2; times++) {
      readAt = Date.now();
      await this.readToEnd();
      await this.fold(this.anew);
    }
    this.reached('journal read');
    const plan = await planExchange(database, this.anew, firstAt, readAt);
    await keepPayloads(database, plan.days);
    await tellOfOpen(database, plan.days);
    const heldMs = await this.exchange(plan.days);
    this.reached('days exchanged');
    await dropTablesAnew(database);
    this.reached('old days dropped');
    return { ...plan, facts: this.facts, heldMs, seconds: (performance.now() - begun) / 1_000 };
  }

  /** @returns for how long projections were held the last time, milliseconds */
  private async exchange(days: readonly string[]): Promise<number> {
    const { database } = this.parts;
    for (let tried = 0; tried < TRIES; tried++) {
      await this.readToEnd();
      await boundPartitions(database, days);
      let heldMs = 0;
      const done = await holdProjections(database, async () => {
        const held = performance.now();
        this.reached('projections held');
        await this.readToEnd();
        await this.fold(this.anew);
        await this.fold(database);
        const exchanged = await exchangeDays(database, days);
        heldMs = performance.now() - held;
        return exchanged;
      });
      if (done) return heldMs;
      await sleep(BETWEEN_TRIES_MS);
    }
    throw new Error(
      `Somebody read or wrote the record all the time, so its days could not be exchanged in ${TRIES} tries. Nothing was changed.`,
    );
  }

  /** Reads what the journal holds now and is not read yet. */
  private async readToEnd(): Promise<void> {
    const follower = this.parts.bus.journalFollower('rebuild');
    const { last } = await follower.bounds();
    if (this.next > last) return;
    let batch: Fact[] = [];
    const write = async () => {
      const facts = await Promise.all(batch.map((fact) => wholeFact(this.parts.bus.events, fact)));
      batch = [];
      await this.projection.project(facts);
      this.facts += facts.length;
      this.parts.progress(this.facts, this.next, last);
    };
    const { ended } = await follower.follow(this.next, async (message) => {
      batch.push(...message.facts);
      this.next = message.sequence + 1;
      if (batch.length >= BATCH) await write();
      if (message.sequence >= last) follower.stop();
    });
    await ended;
    if (batch.length > 0) await write();
  }

  /** Until nothing is left to fold, whoever folds it. */
  private async fold(of: DataSource): Promise<void> {
    for (;;) {
      const { more } = await foldTallies(of);
      if (more) continue;
      const [row] = await of.query<{ left: boolean }[]>('SELECT EXISTS (SELECT FROM tally_deltas) AS left');
      if (!row?.left) return;
      await sleep(FOLDING_POLL_MS);
    }
  }
}
