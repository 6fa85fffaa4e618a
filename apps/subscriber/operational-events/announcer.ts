import { setTimeout as sleep } from 'node:timers/promises';
import { operationalEventOfDecision, operationalEventOfRecovery } from '#domain';
import {
  announcedUpTo,
  decisionsToAnnounce,
  forgetTrouble,
  forgetTroublesOfDeleted,
  recoveredWebhooks,
  withLock,
  type DataSource,
} from '#persistence';
import type { OperationalPublisher } from './operational-publisher.js';

export interface AnnouncerOptions {
  database: DataSource;
  publisher: OperationalPublisher;
  report: (problem: string, error: unknown) => void;
  /** Between two rounds, milliseconds. */
  everyMs?: number;
}

const EVERY_MS = 2_000;
const AT_ONCE = 500;
/** Rounds between two times that the troubles of deleted webhooks are forgotten. */
const FORGET_EVERY = 300;

/**
 * Publishes what PostgreSQL knows: what the ledger says was decided, in its order, and which webhooks succeeded after
 * their trouble. Looked at every two seconds, by one replica at a time. Each is published
 * first and then ticked off; what a crash has published twice has the same id.
 */
export class Announcer {
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private rounds = 0;

  constructor(private readonly options: AnnouncerOptions) {}

  start(): void {
    this.running = this.run();
  }

  /** Resolves after the event that it is at. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /**
   * One round; nothing where another replica is at it.
   * @throws what the driver says, and PublishError
   */
  async announce(): Promise<void> {
    const { database } = this.options;
    await withLock(database, 'operational_events', async () => {
      while (await this.announceDecisions());
      await this.announceRecoveries();
      if (this.rounds++ % FORGET_EVERY === 0) await forgetTroublesOfDeleted(database);
    });
  }

  /** @returns whether there are more */
  private async announceDecisions(): Promise<boolean> {
    const { database, publisher } = this.options;
    const { decisions, end, more } = await decisionsToAnnounce(database, AT_ONCE);
    for (const decision of decisions) {
      if (this.stopped) return false;
      const event = operationalEventOfDecision(decision);
      if (event) await publisher.publish(event);
    }
    if (end) await announcedUpTo(database, end);
    return more && !this.stopped;
  }

  private async announceRecoveries(): Promise<void> {
    const { database, publisher } = this.options;
    for (const recovery of await recoveredWebhooks(database, AT_ONCE)) {
      if (this.stopped) return;
      await publisher.publish(operationalEventOfRecovery(recovery));
      await forgetTrouble(database, recovery.tenant, recovery.webhook, recovery.last_trouble_at);
    }
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    const { database, report, everyMs = EVERY_MS } = this.options;
    const { signal } = this.stopping;
    for (;;) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      if (this.stopped) return;
      if (!database.isInitialized) continue;
      try {
        await this.announce();
      } catch (error) {
        report('what was decided could not be announced now; it is tried again', error);
      }
    }
  }
}
