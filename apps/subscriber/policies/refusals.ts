import { again, done, readFacts, type BusMessage, type Outcome } from '#bus';
import type { WebhookRefused } from '#domain';
import { disableWebhook, isUnwritable, type DataSource } from '#persistence';

export interface RefusalsOptions {
  database: DataSource;
  disabled: (refused: WebhookRefused) => void;
  report: (problem: string, error: unknown) => void;
}

/** While the database is away the message comes back this late, for as long as it takes. */
const AGAIN_MS = 5_000;

/** Disables the webhooks whose receivers want nothing more. */
export class Refusals {
  constructor(private readonly options: RefusalsOptions) {}

  /** Heeds every refusal that a message of the journal tells; doing so again changes nothing. */
  async heed(message: BusMessage): Promise<Outcome> {
    const { database, disabled, report } = this.options;
    for (const fact of readFacts(message.payload)) {
      if (fact.kind !== 'webhook.refused') continue;
      const { tenant, webhook, reason, at } = fact;
      try {
        if (await disableWebhook(database, tenant, webhook, { reason, observed_at: at })) disabled(fact);
      } catch (error) {
        if (!isUnwritable(error) || !database.isInitialized) {
          report('a webhook that was refused cannot be disabled now; it is tried again', error);
          return again(AGAIN_MS);
        }
        report('a webhook that was refused cannot be disabled, and is passed over', error);
      }
    }
    return done;
  }
}
