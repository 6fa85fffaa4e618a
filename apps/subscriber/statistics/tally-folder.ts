import { setTimeout as sleep } from 'node:timers/promises';
import { foldTallies, forgetMinutes, type DataSource, type Fold } from '#persistence';

export interface TallyFolderOptions {
  database: DataSource;
  /** Told of each time that something was folded. */
  folded?: (fold: Fold) => void;
  report: (problem: string, error: unknown) => void;
}

const EVERY_MS = 1_000;
/** How long it rests, in times of what it took: the more there is, the more of it falls on one tally. */
const REST = 9;
const FORGET_EVERY_MS = 600_000;

/**
 * Brings what the projection wrote down into the tallies (docs/adr/0010), one
 * replica at a time, about every second:
 *
 *   resting --> folding --> resting, for nine times as long as it took, a second at least
 *                  |------> resting, as long as it took: there is more than one fold takes
 *                  `------> resting a second: nothing there, another replica at it, or the database away
 */
export class TallyFolder {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private forgetAt = 0;

  constructor(private readonly options: TallyFolderOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Resolves when the fold that it is at is done; what is not folded is for the next one. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let restMs = EVERY_MS;
    for (;;) {
      await sleep(restMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      restMs = await this.round();
    }
  }

  /** @returns how long to rest, milliseconds */
  private async round(): Promise<number> {
    const { database, folded, report } = this.options;
    if (!database.isInitialized) return EVERY_MS;
    const begun = performance.now();
    try {
      const fold = await foldTallies(database);
      if (fold.deltas > 0) folded?.(fold);
      await this.forget();
      const took = performance.now() - begun;
      return fold.more ? took : Math.max(EVERY_MS, took * REST);
    } catch (error) {
      report('statistics could not be folded; they wait', error);
      return EVERY_MS;
    }
  }

  private async forget(): Promise<void> {
    const now = Date.now();
    if (now < this.forgetAt) return;
    await forgetMinutes(this.options.database, now);
    this.forgetAt = now + FORGET_EVERY_MS;
  }
}
