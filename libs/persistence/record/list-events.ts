import { isEventType, type TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { EventRow } from './event-row.js';
import { keyOf, searchEvents, type EventFilter, type EventSummaryRow } from './search-events.js';

export type { EventFilter, EventSummaryRow } from './search-events.js';

const SUMMARY = ['tenant', 'id', 'accepted_at', 'type', 'timestamp', 'status', 'reason', 'match_count'];

/**
 * A tenant's events, newest first. What an index knows is listed as far back
 * as there are events; everything else is searched for (searchEvents).
 * @throws CursorError
 */
export async function listEvents(
  dataSource: DataSource,
  tenant: TenantId,
  filter: EventFilter,
  page: PageRequest,
): Promise<Page<EventSummaryRow>> {
  const isPattern = filter.type !== undefined && !isEventType(filter.type);
  if (filter.q !== undefined || isPattern) return searchEvents(dataSource, tenant, filter, page);
  const found = await listStatement(dataSource, tenant, filter, page).getMany();
  return pageOf('events', found, page.limit, keyOf);
}

/** @throws CursorError */
export function listStatement(
  dataSource: DataSource,
  tenant: TenantId,
  filter: Omit<EventFilter, 'q'>,
  { limit, cursor }: PageRequest,
) {
  const query = dataSource.manager
    .createQueryBuilder(EventRow, 'event')
    .select(SUMMARY.map((column) => `event.${column}`))
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
  return query;
}
