import type { EventId, TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import type { DeliveryRow } from './delivery-row.js';
import type { EventRow } from './event-row.js';

/** An event without what it carries. */
export type EventPlaceRow = Pick<EventRow, 'id' | 'accepted_at' | 'type'>;

/** An event with what it carries. */
export type EventToReplay = Pick<
  EventRow,
  'id' | 'accepted_at' | 'type' | 'timestamp' | 'data' | 'metadata' | 'sequence'
>;

/** What is known of a delivery that an event may owe again. */
export type KnownDelivery = Pick<
  DeliveryRow,
  'id' | 'event_id' | 'webhook_id' | 'status' | 'attempt_count' | 'updated_at'
>;

export interface EventRange {
  since: Date;
  until: Date;
}

/**
 * Some of a tenant's accepted events in a range of time, oldest first.
 * @param after the last one that was given
 */
export async function eventsInRange(
  dataSource: DataSource,
  tenant: TenantId,
  { since, until }: EventRange,
  after: Pick<EventPlaceRow, 'id' | 'accepted_at'> | null,
  limit: number,
): Promise<EventPlaceRow[]> {
  const values: unknown[] = [tenant, after?.accepted_at ?? since, until];
  const further = after ? `AND (accepted_at, id) > ($2::timestamptz, $${values.push(after.id)})` : '';
  return dataSource.query<EventPlaceRow[]>(
    `SELECT id, accepted_at, type FROM events
     WHERE tenant = $1 AND accepted_at >= $2::timestamptz AND accepted_at < $3 AND status = 'accepted' ${further}
     ORDER BY accepted_at, id LIMIT $${values.push(limit)}`,
    values,
  );
}

/** Some events by their keys, in no order; those that the record no longer has are left out. */
export async function eventsByKey(
  dataSource: DataSource,
  tenant: TenantId,
  keys: { id: EventId; accepted_at: Date }[],
): Promise<EventToReplay[]> {
  if (keys.length === 0) return [];
  return dataSource.query<EventToReplay[]>(
    // One look-up by primary key each: joined otherwise, they may be found by reading all of a partition.
    `SELECT e.id, e.accepted_at, e.type, e.timestamp, e.data, e.metadata, e.sequence
       FROM unnest($2::text[], $3::timestamptz[]) AS wanted(id, at)
      CROSS JOIN LATERAL (
            SELECT * FROM events
             WHERE tenant = $1 AND id = wanted.id AND accepted_at = wanted.at AND status = 'accepted'
             LIMIT 1) AS e`,
    [tenant, keys.map(({ id }) => id), keys.map(({ accepted_at }) => accepted_at)],
  );
}

const DAY_MS = 86_400_000;

/**
 * The deliveries of some events to some webhooks, those of other acceptances
 * of the same event id within a day among them.
 */
export async function deliveriesOfEvents(
  dataSource: DataSource,
  tenant: TenantId,
  webhooks: WebhookId[],
  events: { id: EventId; accepted_at: Date }[],
): Promise<KnownDelivery[]> {
  if (events.length === 0 || webhooks.length === 0) return [];
  const times = events.map(({ accepted_at }) => accepted_at.getTime());
  const earliest = times.reduce((a, b) => Math.min(a, b));
  const latest = times.reduce((a, b) => Math.max(a, b));
  return dataSource.query<KnownDelivery[]>(
    `SELECT id, event_id, webhook_id, status, attempt_count, updated_at FROM deliveries
     WHERE tenant = $1 AND event_id = ANY ($2) AND webhook_id = ANY ($3) AND created_at BETWEEN $4 AND $5`,
    [
      tenant,
      [...new Set(events.map(({ id }) => id))],
      webhooks,
      new Date(earliest - DAY_MS),
      new Date(latest + DAY_MS),
    ],
  );
}
