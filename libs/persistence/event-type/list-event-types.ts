import type { TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { EventTypeRow } from './event-type-row.js';

export interface EventTypeFilter {
  archived?: boolean | undefined;
  /** Part of the name or the description, in any case. */
  q?: string | undefined;
}

/**
 * A tenant's event types, newest first.
 * @throws CursorError
 */
export async function listEventTypes(
  dataSource: DataSource,
  tenant: TenantId,
  filter: EventTypeFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<EventTypeRow>> {
  const query = dataSource.manager
    .createQueryBuilder(EventTypeRow, 'type')
    .where('type.tenant = :tenant', { tenant })
    .orderBy('type.created_at', 'DESC')
    .addOrderBy('type.name', 'DESC')
    .limit(limit + 1);
  const after = decodeCursor('event-types', cursor, 2);
  if (after)
    query.andWhere('(type.created_at, type.name) < (:at, :name)', {
      at: new Date(Number(after[0])),
      name: after[1],
    });
  if (filter.archived !== undefined)
    query.andWhere('type.archived = :archived', { archived: filter.archived });
  if (filter.q) {
    const part = `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`;
    query.andWhere('(type.name ILIKE :part OR type.description ILIKE :part)', { part });
  }
  return pageOf('event-types', await query.getMany(), limit, (row) => [
    String(row.created_at.getTime()),
    row.name,
  ]);
}
