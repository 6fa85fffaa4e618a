import { again, done, type BusMessage, type Outcome } from '#bus';
import { readEvent, type OperationalData, type OperationalEvent } from '#domain';
import { isUnwritable, noteForMail, noteTrouble, takeNoticeBack, type DataSource } from '#persistence';
import { detailOf, isMailed } from '../mail/mail-notice.js';

export interface OperationalNoticesOptions {
  database: DataSource;
  /** Whether this installation sends e-mail. */
  mailing: boolean;
  report: (problem: string, error: unknown) => void;
}

/** While the database is away the message comes back this late, for as long as it takes. */
const AGAIN_MS = 5_000;

/**
 * Writes down what operational events say: which webhooks are in trouble, so that their recovery is seen
 * (announcer.ts), and what contacts are to be told (../mail/).
 */
export class OperationalNotices {
  constructor(private readonly options: OperationalNoticesOptions) {}

  async note(message: BusMessage): Promise<Outcome> {
    const stored = message.asEvent();
    const read = stored && readEvent(stored);
    if (!read?.ok) return done;
    const { id, tenant, type, timestamp } = read.event;
    const { database, report } = this.options;
    try {
      const data = JSON.parse(read.event.data) as OperationalData[keyof OperationalData];
      await this.write({ id, tenant, type, timestamp, data } as OperationalEvent, message.sequence);
    } catch (error) {
      if (!isUnwritable(error) || !database.isInitialized) {
        report('an operational event cannot be noted now; it is tried again', error);
        return again(AGAIN_MS);
      }
      report('an operational event cannot be noted, and is passed over', error);
    }
    return done;
  }

  private async write(event: OperationalEvent, sequence: number): Promise<void> {
    const { database, mailing } = this.options;
    const { tenant, type, data } = event;
    const webhook = data.webhook_id;
    const at = Date.parse(event.timestamp);
    if (type === 'tidings.webhook.disabled' || type === 'tidings.circuit.opened')
      await noteTrouble(database, tenant, webhook, { disabled: type === 'tidings.webhook.disabled', at });
    if (!mailing || !isMailed(type)) return;
    // Of a circuit that closed before anybody was told that it had opened, nothing is told.
    if (type === 'tidings.webhook.recovered' && data.from === 'circuit_opened')
      if (await takeNoticeBack(database, tenant, webhook, 'tidings.circuit.opened')) return;
    await noteForMail(database, tenant, { type, webhook, at, detail: detailOf(event), sequence });
  }
}
