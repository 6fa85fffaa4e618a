import { timeOfId, type EventId, type TenantId, type WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import { CursorError, decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { DeliveryRow, type DeliveryStatus } from './delivery-row.js';

export interface DeliveryFilter {
  webhook_id?: WebhookId | undefined;
  event_id?: EventId | undefined;
  event_type?: string | undefined;
  status?: DeliveryStatus | undefined;
  /** Of the last response. */
  status_code?: number | undefined;
  /** Created at this time or later. */
  since?: Date | undefined;
  /** Created before this time. */
  until?: Date | undefined;
}

/**
 * A tenant's deliveries, newest first. Ids sort by time, so the order by id is
 * the order by time, and an index ends in it.
 * @throws CursorError
 */
export async function listDeliveries(
  dataSource: DataSource,
  tenant: TenantId,
  filter: DeliveryFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<DeliveryRow>> {
  const query = dataSource.manager
    .createQueryBuilder(DeliveryRow, 'delivery')
    .where('delivery.tenant = :tenant', { tenant })
    .orderBy('delivery.id', 'DESC')
    .limit(limit + 1);
  const after = decodeCursor('deliveries', cursor, 1)?.[0];
  if (after !== undefined) {
    const at = timeOfId(after);
    if (at === undefined) throw new CursorError('The cursor is not one that this list gave.');
    // The time says less than the id does, but prunes partitions.
    query
      .andWhere('delivery.created_at <= :at', { at: new Date(at) })
      .andWhere('delivery.id < :after', { after });
  }
  for (const column of ['webhook_id', 'event_id', 'event_type', 'status', 'status_code'] as const) {
    const value = filter[column];
    if (value !== undefined) query.andWhere(`delivery.${column} = :${column}`, { [column]: value });
  }
  if (filter.since) query.andWhere('delivery.created_at >= :since', { since: filter.since });
  if (filter.until) query.andWhere('delivery.created_at < :until', { until: filter.until });
  return pageOf('deliveries', await query.getMany(), limit, (row) => [row.id]);
}
