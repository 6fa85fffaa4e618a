import { Injectable } from '@nestjs/common';
import { Bus } from '#bus';
import type { DeliveryId, TenantId } from '#domain';
import { DataSource, findDelivery, type AttemptRow, type DeliveryRow } from '#persistence';
import { found } from '../http/found.js';
import { PeopleJournal } from '../journal/people-journal.js';
import { Problem } from '../problems/problem.js';
import { BringBack, hasEnded, onceAsItStands } from './bring-back.js';
import { sendableWebhook } from './sendable-webhook.js';

export interface DeliveryWithAttempts {
  delivery: DeliveryRow;
  attempts: AttemptRow[];
}

/** What people may do to one delivery. */
@Injectable()
export class DeliveryControl {
  constructor(
    private readonly database: DataSource,
    private readonly bus: Bus,
    private readonly bringBack: BringBack,
    private readonly journal: PeopleJournal,
  ) {}

  /** @throws Problem 404 */
  async read(tenant: TenantId, id: DeliveryId): Promise<DeliveryWithAttempts> {
    const absent = () => new Problem('delivery_not_found', { detail: `There is no delivery ${id}.` });
    return found(await findDelivery(this.database, tenant, id), absent);
  }

  /**
   * Has a delivery attempted now that has ended, or whose next attempt is still to come.
   * @returns the delivery as it will be on record
   * @throws Problem 404, 409
   */
  async retry(tenant: TenantId, id: DeliveryId): Promise<DeliveryWithAttempts> {
    const read = await this.read(tenant, id);
    const { webhook_id: webhook, event_id: event, created_at, ...known } = read.delivery;
    const { status } = await sendableWebhook(this.database, tenant, webhook);
    const wish = { trigger: 'manual', dedupId: onceAsItStands } as const;
    const brought = await this.bringBack.one(tenant, { id, webhook, event, created_at, known }, wish);
    if (brought === 'payload_expired') throw payloadExpired(event);
    if (brought === 'owed_already')
      throw new Problem('delivery_pending', {
        detail:
          status === 'inactive'
            ? `The delivery ${id} waits for its webhook ${webhook}, which is paused: resume it.`
            : `The delivery ${id} is owed now: its attempt is due or under way. See what comes of it.`,
        evidence: { delivery_status: known.status },
      });
    // What a receiver has taken stays delivered.
    if (known.status === 'success') return read;
    return { ...read, delivery: { ...read.delivery, ...owedAgain(known.attempt_count) } };
  }

  /**
   * Ends a delivery that is owed. An attempt that is under way is finished and
   * recorded; nothing is sent after it.
   * @returns the delivery as it will be
   * @throws Problem 404, 409
   */
  async cancel(tenant: TenantId, id: DeliveryId): Promise<DeliveryWithAttempts> {
    const { delivery, attempts } = await this.read(tenant, id);
    const { webhook_id: webhook, event_id: event, event_type, status } = delivery;
    if (hasEnded(status))
      throw new Problem('delivery_ended', {
        detail: `The delivery ${id} has ended as ${status}; there is nothing to cancel.`,
        evidence: { delivery_status: status },
      });
    // First, so that whatever is scheduled in between is stopped when it is due.
    await this.bus.cancellations.mark(id, { tenant, webhook });
    const scheduled = await this.bus.requeue.unschedule(webhook, id);
    const now = new Date();
    // The record may be behind what was scheduled.
    const attempt_count = Math.max(delivery.attempt_count, (scheduled?.attempt ?? 1) - 1);
    const owed_at = scheduled?.owed_at ?? delivery.owed_at?.getTime();
    const reason = 'cancelled_by_user';
    await this.journal.tell({
      kind: 'delivery.cancelled',
      ...{ tenant, delivery: id, event, event_type, webhook, owed_at, attempt_count, reason },
      created_at: delivery.created_at.getTime(),
      at: now.getTime(),
    });
    const ended = { status: 'cancelled', next_attempt_at: null, completed_at: now } as const;
    return { delivery: { ...delivery, ...ended, attempt_count, reason }, attempts };
  }
}

function owedAgain(attempts: number) {
  const status: DeliveryRow['status'] = attempts === 0 ? 'pending' : 'retrying';
  return { status, next_attempt_at: null, completed_at: null, reason: null };
}

export function payloadExpired(event: string): Problem {
  return new Problem('payload_expired', {
    detail: `The payload of the event ${event} is kept no more, so it cannot be sent again.`,
  });
}
