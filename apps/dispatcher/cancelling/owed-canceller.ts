import { setTimeout as sleep } from 'node:timers/promises';
import { deliveryRefOf, type JournalWriter, type OwedDelivery, type OwedOfWebhook } from '#bus';
import type { WebhookId } from '#domain';

export type EndReason = 'webhook_disabled' | 'webhook_deleted';

export interface OwedCancellerOptions {
  owed: Pick<OwedOfWebhook, 'takeAll'>;
  journal: Pick<JournalWriter, 'append'>;
  /** Whether a webhook takes nothing any more, as is known here now. */
  isOver: (webhook: WebhookId) => boolean;
  report: (problem: string, error: unknown) => void;
}

/** Webhooks whose deliveries are cancelled at once; a tenant that is deleted may end thousands. */
const AT_ONCE = 4;
const RETRY_MS = 1_000;
/** While NATS is away, nothing that is under way ends by itself. */
const CLOSE_WITHIN_MS = 2_000;

/**
 * Ends what disabled and deleted webhooks are owed.
 *
 *   waiting --> cancelling --> done
 *
 * - waiting: for one of a few places
 * - cancelling: what is in the lane and what is scheduled leaves the queue, each
 *   with a fact; tried again while NATS is away
 * - done: nothing is left, or the webhook is active again, or it was closed
 *
 * What is ready or being attempted meanwhile is the dispatcher's: it finds the
 * webhook over.
 */
export class OwedCanceller {
  private readonly underWay = new Map<WebhookId, Promise<number>>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;
  private closed = false;

  constructor(private readonly options: OwedCancellerOptions) {}

  /**
   * Cancels what a webhook is owed. Asked again while it does so, it does so once.
   * @param reason what its deliveries say from then on
   * @returns how many were cancelled; never rejects
   */
  cancelAll(webhook: WebhookId, reason: EndReason): Promise<number> {
    const known = this.underWay.get(webhook);
    if (known) return known;
    const cancelled = this.inTurn(() => this.cancel(webhook, reason)).finally(() =>
      this.underWay.delete(webhook),
    );
    this.underWay.set(webhook, cancelled);
    return cancelled;
  }

  /** Ends all that is under way soon, NATS being there or not; what is still owed is cancelled by the next home. */
  async close(): Promise<void> {
    this.closed = true;
    const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS).unref());
    await Promise.race([Promise.all(this.underWay.values()), late]);
  }

  private async cancel(webhook: WebhookId, reason: EndReason): Promise<number> {
    let cancelled = 0;
    const take = async (owed: OwedDelivery) => {
      await this.options.journal.append({
        kind: 'delivery.cancelled',
        ...deliveryRefOf(owed),
        at: Date.now(),
        attempt_count: owed.attempt - 1,
        reason,
      });
      cancelled++;
    };
    const wanted = () => !this.closed && this.options.isOver(webhook);
    while (wanted()) {
      try {
        await this.options.owed.takeAll(webhook, take, wanted);
        break;
      } catch (error) {
        this.options.report(`what ${webhook} is owed cannot be cancelled now; it is tried again`, error);
        await sleep(RETRY_MS);
      }
    }
    return cancelled;
  }

  private async inTurn(work: () => Promise<number>): Promise<number> {
    if (this.busy >= AT_ONCE) await new Promise<void>((turn) => this.waiting.push(turn));
    else this.busy++;
    try {
      return await work();
    } finally {
      // Its place goes to the next, or is free.
      const next = this.waiting.shift();
      if (next) next();
      else this.busy--;
    }
  }
}
