import {
  judgeAttempt,
  readEvent,
  type AttemptFinished,
  type AttemptRecord,
  type AttemptResult,
  type RoutedWebhook,
  type Verdict,
  type WebhookRefused,
} from '#domain';
import {
  deliveryRefOf,
  done,
  type BusMessage,
  type Cancellations,
  type DeliveryQueue,
  type EventStore,
  type JournalWriter,
  type OwedDelivery,
} from '#bus';
import type { Carried } from '../lanes/lane-session.js';
import type { Turn } from '../lanes/turn.js';
import type { ReadyWebhook } from '../webhooks/ready-webhook.js';
import type { WebhookDirectory } from '../webhooks/webhook-directory.js';
import { isDropped, type Attempted, type Attempter } from './attempter.js';
import { FailingTransforms } from './failing-transforms.js';
import type { Payload } from './request-maker.js';

export interface AttemptCounter {
  attempted: (attempt: AttemptRecord, outcome: AttemptFinished['outcome'], owed: OwedDelivery) => void;
  cancelled: () => void;
}

export interface CourierParts {
  webhooks: WebhookDirectory;
  attempter: Attempter;
  deliveries: DeliveryQueue;
  events: EventStore;
  cancellations: Pick<Cancellations, 'cancelledAt'>;
  journal: JournalWriter;
  /** For what happens to a webhook as such. */
  webhookJournal: JournalWriter;
  count: AttemptCounter;
  /** For how long a delivery may be owed, milliseconds. */
  maxAgeMs: number;
}

interface Judged extends Attempted {
  verdict: Verdict | typeof DROPPED;
}

/** The webhook's transform wanted nothing sent. */
const DROPPED = { outcome: 'cancelled', reason: 'dropped_by_transform' } as const;
/** Why a delivery ends that a person cancelled. */
const TAKEN_BACK = 'cancelled_by_user';
const OVER: Carried = { outcome: done, retryAt: null };

/**
 * Carries out one owed delivery. First attempt and retry, from the lane or not,
 * are this one path.
 *
 *   owed --> attempted --> success | failed
 *     |          `-------> retrying: scheduled, and ready again when due
 *     `---> cancelled: its webhook is deleted or disabled, a person took it back, it is too old,
 *           its webhook's transform dropped it
 *
 * What comes next is queued before the fact is journaled, and the fact is
 * journaled before the message is acknowledged (by the consumer, on `done`). A
 * crash in between makes the attempt again: at least once, never lost.
 */
export class Courier {
  private readonly failingTransforms = new FailingTransforms();

  constructor(private readonly parts: CourierParts) {}

  /**
   * Whether a delivery is over before it is attempted; it is told of then.
   * @returns the webhook when it is to be attempted
   */
  async examine(owed: OwedDelivery): Promise<ReadyWebhook | undefined> {
    const found = this.parts.webhooks.find(owed.tenant, owed.webhook);
    const ready = found instanceof Promise ? await found : found;
    const cancelledAt = this.parts.cancellations.cancelledAt(owed.delivery, owed.owed_at);
    if (cancelledAt !== undefined) {
      // Whoever took it back has told so too, but of the state that the record had then.
      await this.cancel(owed, TAKEN_BACK, cancelledAt);
      return undefined;
    }
    const reason = this.reasonAgainst(ready, owed);
    if (reason === undefined) return ready;
    await this.cancel(owed, reason);
    return undefined;
  }

  /**
   * Makes the attempt; ends the turn.
   * @throws when NATS did not take what comes next; the message is then to be handled again
   */
  async attempt(
    ready: ReadyWebhook,
    owed: OwedDelivery,
    data: Uint8Array,
    message: BusMessage,
    turn: Turn,
  ): Promise<Carried> {
    let judged: Judged | undefined;
    turn.onSlow(() => this.tellSending(owed));
    try {
      const payload = owed.by_reference ? await this.fetchPayload(owed) : payloadOf(owed, data);
      if (payload) judged = this.judge(ready, owed, await this.parts.attempter.attempt(ready, owed, payload));
    } finally {
      turn.end(judged && resultOf(judged.attempt), refusalIn(judged?.verdict) !== undefined);
    }
    // It is someone else's now, and attempted there.
    if (message.isHandedBack) return OVER;
    if (judged) return this.conclude(ready.webhook, owed, data, judged, message.redelivered);
    await this.cancel(owed, 'payload_expired');
    return OVER;
  }

  /** Not awaited, and not told again: what comes of the attempt is told in any case. */
  private tellSending(owed: OwedDelivery): void {
    const about = { ...deliveryRefOf(owed), at: Date.now(), attempt_count: owed.attempt - 1 };
    this.parts.journal.append({ kind: 'delivery.sending', ...about }).catch(() => undefined);
  }

  private judge({ webhook }: ReadyWebhook, owed: OwedDelivery, attempted: Attempted): Judged {
    const { attempt } = attempted;
    if (isDropped(attempt)) return { ...attempted, verdict: DROPPED };
    const verdict = judgeAttempt({
      result: resultOf(attempt),
      policy: webhook.retry,
      attempt: owed.attempt,
      random: Math.random(),
      now: Date.now(),
      owedAt: owed.owed_at,
      maxAgeMs: this.parts.maxAgeMs,
    });
    return { ...attempted, verdict };
  }

  private async conclude(
    webhook: RoutedWebhook,
    owed: OwedDelivery,
    data: Uint8Array,
    { attempt, transform, verdict }: Judged,
    redelivered: boolean,
  ): Promise<Carried> {
    const { deliveries, journal, count } = this.parts;
    let outcome: AttemptFinished['outcome'] = verdict.outcome;
    let reason: string | null = 'reason' in verdict ? verdict.reason : null;
    let retryAt: number | null = null;
    if (verdict.outcome === 'retrying') {
      const against = this.reasonAgainstRetry(owed);
      if (against) [outcome, reason] = ['cancelled', against];
      else retryAt = Date.now() + verdict.delayMs;
    }
    const refused =
      transform && this.failingTransforms.note(webhook, transform) ? 'transform_failing' : refusalIn(verdict);
    if (refused) await this.tellRefused(webhook, refused);
    if (retryAt !== null)
      await deliveries.later({ ...owed, attempt: owed.attempt + 1, trigger: 'auto' }, data, retryAt);
    // Whoever had it before us may have scheduled a retry before it died.
    else if (redelivered) await deliveries.cancelLater(owed.webhook, owed.delivery);
    await journal.append({
      kind: 'attempt.finished',
      ...deliveryRefOf(owed),
      attempt,
      outcome,
      next_attempt_at: retryAt,
      reason,
    });
    count.attempted(attempt, outcome, owed);
    return { outcome: done, retryAt };
  }

  private reasonAgainst(ready: ReadyWebhook | undefined, owed: OwedDelivery): string | undefined {
    if (!ready) return 'webhook_deleted';
    if (ready.webhook.status === 'disabled') return 'webhook_disabled';
    return Date.now() - owed.owed_at > this.parts.maxAgeMs ? 'expired' : undefined;
  }

  /** What a person or Tidings decided while the attempt was under way. */
  private reasonAgainstRetry(owed: OwedDelivery): string | undefined {
    if (this.parts.cancellations.cancelledAt(owed.delivery, owed.owed_at) !== undefined) return TAKEN_BACK;
    const known = this.parts.webhooks.known(owed.webhook);
    return known?.webhook.status === 'disabled' ? 'webhook_disabled' : undefined;
  }

  private async tellRefused(webhook: RoutedWebhook, reason: WebhookRefused['reason']): Promise<void> {
    const { tenant, id } = webhook;
    await this.parts.webhookJournal.append({
      kind: 'webhook.refused',
      tenant,
      webhook: id,
      at: Date.now(),
      reason,
    });
  }

  private async cancel(owed: OwedDelivery, reason: string, at = Date.now()): Promise<void> {
    await this.parts.journal.append({
      kind: 'delivery.cancelled',
      ...deliveryRefOf(owed),
      at,
      attempt_count: owed.attempt - 1,
      reason,
    });
    this.parts.count.cancelled();
  }

  /** @returns undefined when EVENTS no longer has the event */
  private async fetchPayload(owed: OwedDelivery): Promise<Payload | undefined> {
    const stored = await this.parts.events.read({ ...owed, type: owed.event_type });
    const read = stored && readEvent(stored);
    if (!read?.ok || read.event.id !== owed.event) return undefined;
    return { data: Buffer.from(read.event.data), metadata: read.event.metadata };
  }
}

function payloadOf({ metadata }: OwedDelivery, data: Uint8Array): Payload {
  return { data, metadata: metadata ?? null };
}

/** What was dropped says no more of the receiver than what its transform did not make. */
function resultOf({ response, error }: AttemptRecord): AttemptResult {
  return response ?? error ?? { kind: 'transform' };
}

function refusalIn(verdict: Judged['verdict'] | undefined): WebhookRefused['reason'] | undefined {
  return verdict && 'refused' in verdict ? verdict.refused : undefined;
}
