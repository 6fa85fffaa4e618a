import type { DeliveryRef, RoutedWebhook, WebhookId } from '#domain';
import {
  decodeOwed,
  done,
  hopeless,
  type Bus,
  type BusMessage,
  type JournalWriter,
  type Outcome,
} from '#bus';

/** A lane that nobody told us of (we were down, or a delivery was held just after the resume) is found this soon. */
const LOOK_EVERY_MS = 5_000;
const CAPACITY = 64;

/**
 * Empties the lanes of webhooks that take deliveries again.
 *
 *   holding --> draining (its webhook is no longer paused) --> empty
 *
 * A lane is drained by moving each delivery back to the ready ones, whatever
 * the webhook has become: an active one gets it, a deleted or disabled one's
 * is cancelled there, visibly. Several dispatchers may drain one lane.
 */
export class LaneKeeper {
  private readonly draining = new Set<WebhookId>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly journal: JournalWriter,
    private readonly isPaused: (webhook: WebhookId) => boolean,
    private readonly report: (problem: string, error: unknown) => void,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
    void this.look();
  }

  close(): void {
    clearInterval(this.timer);
  }

  /** A webhook changed; its lane may be free to go. */
  changed(webhook: RoutedWebhook): void {
    if (webhook.status !== 'inactive') void this.drain(webhook.id);
  }

  private async look(): Promise<void> {
    try {
      const lanes = await this.bus.lanes.lengths();
      for (const webhook of lanes.keys()) if (!this.isPaused(webhook)) void this.drain(webhook);
    } catch (error) {
      this.report('the lanes could not be looked at', error);
    }
  }

  private async drain(webhook: WebhookId): Promise<void> {
    if (this.draining.has(webhook)) return;
    this.draining.add(webhook);
    try {
      await this.bus.lanes.drain(webhook, {
        capacity: CAPACITY,
        report: this.report,
        handle: (message) => this.release(message),
      });
    } catch (error) {
      this.report(`the lane of ${webhook} could not be drained`, error);
    } finally {
      this.draining.delete(webhook);
    }
  }

  private async release(message: BusMessage): Promise<Outcome> {
    let decoded: ReturnType<typeof decodeOwed>;
    try {
      decoded = decodeOwed(message.payload);
    } catch (error) {
      return hopeless(`not a delivery: ${String(error)}`);
    }
    const { owed, data } = decoded;
    await this.bus.deliveries.ready(owed, data);
    const { tenant, delivery, event, event_type, webhook, created_at } = owed;
    const ref: DeliveryRef = { tenant, delivery, event, event_type, webhook, created_at };
    await this.journal.append({
      kind: 'delivery.released',
      ...ref,
      at: Date.now(),
      attempt_count: owed.attempt - 1,
    });
    return done;
  }
}
