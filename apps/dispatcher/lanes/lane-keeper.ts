import type { RoutedWebhook, WebhookId } from '#domain';
import {
  again,
  deliveryRefOf,
  done,
  withOwed,
  type Bus,
  type JournalWriter,
  type Outcome,
  type OwedDelivery,
} from '#bus';

/** A lane that nobody told us of (we were down, or a delivery was held just after the resume) is found this soon. */
const LOOK_EVERY_MS = 5_000;
const CAPACITY = 64;
const CLOSE_MS = 5_000;
/** By then the lane is let go of. */
const PAUSED_AGAIN_MS = 1_000;

/**
 * Empties the lanes of webhooks that take deliveries again.
 *
 *   holding --> draining (its webhook is no longer paused) --> empty
 *      ^            |
 *      `------------'  paused again
 *
 * A lane is drained by moving each delivery back to the ready ones, whatever
 * the webhook has become: an active one gets it, a deleted or disabled one's
 * is cancelled there, visibly. Several dispatchers may drain one lane.
 */
export class LaneKeeper {
  private readonly draining = new Map<WebhookId, Promise<void>>();
  private closed = false;
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

  /** Lets go of the lanes; what is on its way out of one finishes or goes back into it. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref());
    await Promise.race([Promise.all(this.draining.values()), late]);
  }

  /** A webhook changed; its lane may be free to go. */
  changed(webhook: RoutedWebhook): void {
    if (webhook.status !== 'inactive') this.drain(webhook.id);
  }

  private async look(): Promise<void> {
    try {
      const lanes = await this.bus.lanes.lengths();
      for (const webhook of lanes.keys()) if (!this.isPaused(webhook)) this.drain(webhook);
    } catch (error) {
      this.report('the lanes could not be looked at', error);
    }
  }

  private drain(webhook: WebhookId): void {
    if (this.closed || this.draining.has(webhook)) return;
    const draining = this.empty(webhook).finally(() => this.draining.delete(webhook));
    this.draining.set(webhook, draining);
  }

  private async empty(webhook: WebhookId): Promise<void> {
    const wanted = () => !this.closed && !this.isPaused(webhook);
    try {
      await this.bus.lanes.drain(webhook, wanted, {
        capacity: CAPACITY,
        report: this.report,
        handle: (message) => withOwed(message, (owed, data) => this.release(owed, data)),
      });
    } catch (error) {
      if (!this.closed) this.report(`the lane of ${webhook} could not be drained`, error);
    }
  }

  private async release(owed: OwedDelivery, data: Uint8Array): Promise<Outcome> {
    // Let go, it would only be held again.
    if (this.isPaused(owed.webhook)) return again(PAUSED_AGAIN_MS);
    await this.bus.deliveries.ready(owed, data);
    await this.journal.append({
      kind: 'delivery.released',
      ...deliveryRefOf(owed),
      at: Date.now(),
      attempt_count: owed.attempt - 1,
    });
    return done;
  }
}
