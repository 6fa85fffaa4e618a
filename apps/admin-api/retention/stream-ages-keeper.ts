import { streamAges } from '#domain';
import type { Bus } from '#bus';
import { allRetentions, type DataSource } from '#persistence';

export interface StreamAgesOptions {
  bus: Pick<Bus, 'keepStreams'>;
  database: DataSource;
  /** For how long a delivery may be owed, hours. */
  owedForHours: number;
  report: (problem: string, error: unknown) => void;
}

const EVERY_MS = 15_000;

/**
 * Keeps the streams as long as the record is kept, whatever tenants come, go
 * and change. Every replica of the admin API does so: it knows the tenants, and
 * alone may change streams. Where a setting says an age, that stays.
 */
export class StreamAgesKeeper {
  private timer: NodeJS.Timeout | undefined;
  private following: Promise<void> = Promise.resolve();

  constructor(private readonly options: StreamAgesOptions) {}

  /** Resolves when they have been set for the first time, or could not be. */
  async start(): Promise<void> {
    this.timer = setInterval(() => {
      this.following = this.following.then(() => this.followQuietly());
    }, EVERY_MS).unref();
    await this.followQuietly();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.following;
  }

  /** @throws what the driver and JetStream say */
  async follow(): Promise<void> {
    const { bus, database, owedForHours } = this.options;
    const { longest } = await allRetentions(database);
    await bus.keepStreams(streamAges(longest, owedForHours));
  }

  private async followQuietly(): Promise<void> {
    try {
      await this.follow();
    } catch (error) {
      this.options.report('the age of the streams could not be set', error);
    }
  }
}
