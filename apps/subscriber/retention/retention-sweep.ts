import { setTimeout as sleep } from 'node:timers/promises';
import { isOver, keptSince, startOfDay, type Retentions, type TenantId } from '#domain';
import {
  allRetentions,
  AT_THE_BEGINNING,
  dayOf,
  daysOfRecord,
  deleteDayOfTenant,
  dropDay,
  ensureDayPartitions,
  forgetJobs,
  indexPastDays,
  tenantsOfDay,
  withLock,
  type DataSource,
} from '#persistence';

/** What a sweep did. */
export interface Swept {
  /** Days that are gone, or of which only what is open is left. */
  dropped: string[];
  /** Days that could not be dropped, because somebody used the record all the time. */
  busy: string[];
  /** Rows of tenants that keep less than others. */
  events: number;
  deliveries: number;
}

export interface RetentionSweepOptions {
  database: DataSource;
  /** Told of each sweep that this replica made. */
  swept: (swept: Swept) => void;
  report: (problem: string, error: unknown) => void;
}

const DAY_MS = 86_400_000;
const EVERY_MS = 60 * 60_000;
/** After a sweep that could not do all. */
const SOONER_MS = 5 * 60_000;
/** The database may not be there yet, or not be migrated. */
const FIRST_MS = 10_000;
/** Today's partitions, and those of the days after. */
const DAYS_AHEAD = 3;
const TRIES = 5;
const BETWEEN_TRIES_MS = 1_000;
/** How long it rests after a portion, in times of what the portion took. */
const REST = 2;

/**
 * Keeps the record for as long as each tenant wants (docs/adr/0012). Every
 * hour, and by one replica at a time: makes the partitions of the next days,
 * drops days that nobody keeps any more, and deletes the rows of tenants that keep less than
 * others from the days between. What is open stays. Days that are over get
 * their indexes (docs/adr/0013).
 */
export class RetentionSweep {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  /** What tenants kept when all rows were deleted that could go, and on which day that was. */
  private lookedAt = '';

  constructor(private readonly options: RetentionSweepOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Resolves when the portion or the day that it is at is done. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /**
   * @returns what was done; undefined where another replica is at it
   * @throws what the driver says; what is not done yet is done by a later sweep
   */
  async sweep(): Promise<Swept | undefined> {
    const { database } = this.options;
    const swept: Swept = { dropped: [], busy: [], events: 0, deliveries: 0 };
    const done = await withLock(database, 'retention', async () => {
      const now = await earlierClock(database);
      const retentions = await allRetentions(database);
      await ensureDayPartitions(
        database,
        Array.from({ length: DAYS_AHEAD }, (_, i) => dayOf(now + i * DAY_MS)),
      );
      const days = await daysOfRecord(database);
      const end = keptSince(retentions.longest, now);
      for (const day of days) if (day < end) await this.drop(dayOf(day), swept);
      const between = days.filter((day) => day >= end);
      await this.deleteBetween(between, retentions, now, swept);
      while (!this.stopping.signal.aborted && (await forgetJobs(database, new Date(end))) > 0);
      await indexPastDays(database, now, () => !this.stopping.signal.aborted);
    });
    return done ? swept : undefined;
  }

  private async run(): Promise<void> {
    const { database, swept, report } = this.options;
    let wait = FIRST_MS;
    while (await this.waited(wait)) {
      wait = SOONER_MS;
      if (!database.isInitialized) continue;
      try {
        const done = await this.sweep();
        if (done) swept(done);
        if (!done?.busy.length) wait = EVERY_MS;
      } catch (error) {
        report('a sweep of what is kept no more broke off', error);
      }
    }
  }

  /** Tries some times, a second apart, for it gives way to everybody. */
  private async drop(day: string, swept: Swept): Promise<void> {
    for (let tries = 1; !this.stopping.signal.aborted; tries++) {
      const end = await dropDay(this.options.database, day);
      if (end === 'gone' || end === 'open_left') swept.dropped.push(day);
      if (end !== 'busy') return;
      if (tries === TRIES) {
        swept.busy.push(day);
        return;
      }
      await this.waited(BETWEEN_TRIES_MS);
    }
  }

  /** Looks at all days once a day, and when a tenant keeps more or less than before; else there is nothing to do. */
  private async deleteBetween(
    days: number[],
    retentions: Retentions,
    now: number,
    swept: Swept,
  ): Promise<void> {
    const { database } = this.options;
    const shortest = Math.min(retentions.others, ...new Set(retentions.of.values()));
    const lookAt = JSON.stringify([startOfDay(now), [...retentions.of].sort()]);
    if (lookAt === this.lookedAt) return;
    for (const day of days.filter((each) => each < keptSince(shortest, now))) {
      const tenants = await tenantsOfDay(database, dayOf(day));
      for (const tenant of tenants.filter((each) => isOver(retentions, each, day, now)))
        if (!(await this.deleteOf(tenant, dayOf(day), swept))) return;
    }
    this.lookedAt = lookAt;
  }

  /** @returns whether it came to the end */
  private async deleteOf(tenant: TenantId, day: string, swept: Swept): Promise<boolean> {
    for (let place = AT_THE_BEGINNING; place.of !== 'end';) {
      const begun = performance.now();
      const { next, deleted } = await deleteDayOfTenant(this.options.database, tenant, day, place);
      swept.events += deleted.events;
      swept.deliveries += deleted.deliveries;
      place = next;
      if (place.of !== 'end' && !(await this.waited((performance.now() - begun) * REST))) return false;
    }
    return true;
  }

  /** @returns false when it is to stop */
  private async waited(ms: number): Promise<boolean> {
    const { signal } = this.stopping;
    await sleep(ms, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}

/** A clock that runs ahead would throw away what is to be kept; it takes two of them. */
async function earlierClock(database: DataSource): Promise<number> {
  const [row] = await database.query<{ now: Date }[]>('SELECT now() AS now');
  return Math.min(Date.now(), row?.now.getTime() ?? Date.now());
}
