import {
  disableWebhook,
  forgetActivityOfDeleted,
  webhooksToDisable,
  withLock,
  type DataSource,
  type WebhookToDisable,
} from '#persistence';

export interface AutoDisableOptions {
  database: DataSource;
  /**
   * Up to when the record is complete, milliseconds since 1970. A record that
   * is behind shows webhooks as idle whose events it has yet to see.
   */
  recordedUpTo: () => Promise<number>;
  disabled: (webhook: WebhookToDisable) => void;
  report: (problem: string, error: unknown) => void;
}

const CHECK_EVERY_MS = 60_000;
/** Rounds between two times that what is known of deleted webhooks is forgotten. */
const FORGET_EVERY = 60;
const AT_ONCE = 500;

/**
 * Switches off what tenants bear no longer: webhooks that fail for too long or
 * get no event for too long (`auto_disable`). Looked at every minute, by one
 * replica at a time; while PostgreSQL or NATS is away, nothing is.
 */
export class AutoDisable {
  private timer: NodeJS.Timeout | undefined;
  private checking: Promise<unknown> = Promise.resolve();
  private rounds = 0;
  private stopped = false;

  constructor(private readonly options: AutoDisableOptions) {}

  start(): void {
    this.timer = setInterval(() => {
      this.checking = this.checking.then(() => this.checkQuietly());
    }, CHECK_EVERY_MS);
  }

  /** Ends after the webhook that it is at. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.checking;
  }

  /**
   * Looks once; does nothing where another replica is at it.
   * @returns how many were switched off
   * @throws what the driver and the bus say
   */
  async check(): Promise<number> {
    const { database } = this.options;
    let disabled = 0;
    await withLock(database, 'auto_disable', async () => {
      const asOf = await this.options.recordedUpTo();
      for (let some = 1; some > 0 && !this.stopped; disabled += some) some = await this.disableSome(asOf);
      if (this.rounds++ % FORGET_EVERY === 0) await forgetActivityOfDeleted(database);
    });
    return disabled;
  }

  private async disableSome(asOf: number): Promise<number> {
    const { database } = this.options;
    let disabled = 0;
    for (const found of await webhooksToDisable(database, asOf, AT_ONCE)) {
      if (this.stopped) break;
      const { tenant, webhook, reason, since } = found;
      if (!(await disableWebhook(database, tenant, webhook, { reason, observed_at: since }))) continue;
      disabled++;
      this.options.disabled(found);
    }
    return disabled;
  }

  private async checkQuietly(): Promise<void> {
    if (this.stopped || !this.options.database.isInitialized) return;
    try {
      await this.check();
    } catch (error) {
      this.options.report('whether webhooks are to be disabled could not be looked at', error);
    }
  }
}
