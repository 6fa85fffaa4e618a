import { deliveryIdOf, newId } from '#domain';
import type { OwedDelivery } from '../owed-delivery.js';

/** A delivery of an event of its own, owed to a webhook of its own unless it is said otherwise. */
export function owedDelivery(change: Partial<OwedDelivery> = {}): OwedDelivery {
  const event = change.event ?? newId('evt');
  const webhook = change.webhook ?? newId('wh');
  const created_at = change.created_at ?? Date.now();
  return {
    delivery: deliveryIdOf(event, webhook, created_at),
    tenant: 'acme',
    event,
    event_type: 'order.created',
    timestamp: '2026-11-22T09:00:00.000Z',
    webhook,
    created_at,
    owed_at: created_at,
    attempt: 1,
    trigger: 'auto',
    sequence: 1,
    by_reference: false,
    ...change,
  };
}
