import type { TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { EventRow } from './event-row.js';

export interface EventFilter {
  type?: string | undefined;
  /** Accepted at this time or later. */
  since?: Date | undefined;
  /** Accepted before this time. */
  until?: Date | undefined;
}

/**
 * A tenant's events, newest first.
 * @throws CursorError
 */
export async function listEvents(
  dataSource: DataSource,
  tenant: TenantId,
  filter: EventFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<EventRow>> {
  const query = dataSource.manager
    .createQueryBuilder(EventRow, 'event')
    .where('event.tenant = :tenant', { tenant })
    .orderBy('event.accepted_at', 'DESC')
    .addOrderBy('event.id', 'DESC')
    .limit(limit + 1);
  const after = decodeCursor('events', cursor, 2);
  if (after) {
    const at = new Date(Number(after[0]));
    // The first condition says less than the second, but prunes partitions.
    query
      .andWhere('event.accepted_at <= :at', { at })
      .andWhere('(event.accepted_at, event.id) < (:at, :id)', { at, id: after[1] });
  }
  if (filter.type) query.andWhere('event.type = :type', { type: filter.type });
  if (filter.since) query.andWhere('event.accepted_at >= :since', { since: filter.since });
  if (filter.until) query.andWhere('event.accepted_at < :until', { until: filter.until });
  return pageOf('events', await query.getMany(), limit, (row) => [String(row.accepted_at.getTime()), row.id]);
}
