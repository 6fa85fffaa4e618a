import { judgeAttempt, readEvent, type AttemptRecord, type Verdict } from '#domain';
import {
  deliveryRefOf,
  done,
  withOwed,
  type BusMessage,
  type DeliveryQueue,
  type EventStore,
  type JournalWriter,
  type Outcome,
  type OwedDelivery,
} from '#bus';
import type { ReadyWebhook } from '../webhooks/ready-webhook.js';
import type { WebhookDirectory } from '../webhooks/webhook-directory.js';
import type { Attempter } from './attempter.js';

export interface DispatchCounter {
  attempted: (attempt: AttemptRecord, outcome: Verdict['outcome']) => void;
  held: () => void;
  cancelled: () => void;
}

/** What TIDINGS_MAX_DELIVERY_AGE_HOURS is unless someone sets it. */
const MAX_AGE_MS = 720 * 3_600_000;

/**
 * Carries out one owed delivery. First attempt and retry are this one path.
 *
 *   ready --> attempted --> success | failed
 *     |           `-------> retrying: scheduled, and ready again when due
 *     |---> held (paused): into the lane, and ready again on resume
 *     `---> cancelled: its webhook is deleted or disabled
 *
 * What comes next is queued before the fact is journaled, and the fact is
 * journaled before the message is acknowledged (by the consumer, on `done`). A
 * crash in between makes the attempt again: at least once, never lost.
 */
export class Dispatcher {
  constructor(
    private readonly webhooks: WebhookDirectory,
    private readonly attempter: Attempter,
    private readonly deliveries: DeliveryQueue,
    private readonly events: EventStore,
    private readonly journal: JournalWriter,
    private readonly count: DispatchCounter,
  ) {}

  /** @throws when NATS did not take what comes next; the message is then to be handled again */
  dispatch(message: BusMessage): Promise<Outcome> {
    return withOwed(message, (owed, data) => this.carryOut(owed, data, message.redelivered));
  }

  private async carryOut(owed: OwedDelivery, data: Uint8Array, redelivered: boolean): Promise<Outcome> {
    const found = this.webhooks.find(owed.tenant, owed.webhook);
    const ready = found instanceof Promise ? await found : found;
    if (!ready) return this.cancel(owed, 'webhook_deleted');
    if (ready.webhook.status === 'disabled') return this.cancel(owed, 'webhook_disabled');
    if (ready.webhook.status === 'inactive') return this.hold(owed, data);
    const payload = owed.by_reference ? await this.fetchPayload(owed) : data;
    if (!payload) return this.cancel(owed, 'payload_expired');
    return this.attempt(ready, owed, data, payload, redelivered);
  }

  /**
   * @param data the payload as it travels with the delivery
   * @param payload the payload as it is sent; the same, unless it travels by reference
   */
  private async attempt(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    data: Uint8Array,
    payload: Uint8Array,
    redelivered: boolean,
  ): Promise<Outcome> {
    const attempt = await this.attempter.attempt(ready, owed, payload);
    const result = attempt.response ?? attempt.error ?? { kind: 'internal' as const };
    const verdict = judgeAttempt({
      result,
      policy: ready.webhook.retry,
      attempt: owed.attempt,
      owedAt: owed.owed_at,
      maxAgeMs: MAX_AGE_MS,
      random: Math.random(),
      now: Date.now(),
    });
    let nextAttemptAt: number | null = null;
    if (verdict.outcome === 'retrying') {
      nextAttemptAt = Date.now() + verdict.delayMs;
      await this.deliveries.later(
        { ...owed, attempt: owed.attempt + 1, trigger: 'auto' },
        data,
        nextAttemptAt,
      );
    } else if (redelivered) {
      // Whoever had it before us may have scheduled a retry before it died.
      await this.deliveries.cancelLater(owed.webhook, owed.delivery);
    }
    await this.journal.append({
      kind: 'attempt.finished',
      ...deliveryRefOf(owed),
      attempt,
      outcome: verdict.outcome,
      next_attempt_at: nextAttemptAt,
      reason: verdict.outcome === 'failed' ? verdict.reason : null,
    });
    this.count.attempted(attempt, verdict.outcome);
    return done;
  }

  private async hold(owed: OwedDelivery, data: Uint8Array): Promise<Outcome> {
    await this.deliveries.hold(owed, data);
    const made = owed.attempt - 1;
    await this.journal.append({
      kind: 'delivery.held',
      ...deliveryRefOf(owed),
      at: Date.now(),
      attempt_count: made,
      reason: 'webhook_paused',
    });
    this.count.held();
    return done;
  }

  private async cancel(owed: OwedDelivery, reason: string): Promise<Outcome> {
    const made = owed.attempt - 1;
    await this.journal.append({
      kind: 'delivery.cancelled',
      ...deliveryRefOf(owed),
      at: Date.now(),
      attempt_count: made,
      reason,
    });
    this.count.cancelled();
    return done;
  }

  /** @returns undefined when EVENTS no longer has the event */
  private async fetchPayload(owed: OwedDelivery): Promise<Uint8Array | undefined> {
    const stored = await this.events.read({ ...owed, type: owed.event_type });
    const read = stored && readEvent(stored);
    return read?.ok ? Buffer.from(read.event.data) : undefined;
  }
}
