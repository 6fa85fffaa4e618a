import type { TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { TenantRow } from './tenant-row.js';

/** The tenant; null when there is none. */
export async function findTenant(dataSource: DataSource, id: TenantId): Promise<TenantRow | null> {
  return dataSource.manager.findOneBy(TenantRow, { id });
}

/**
 * All tenants, newest first.
 * @throws CursorError
 */
export async function listTenants(
  dataSource: DataSource,
  { limit, cursor }: PageRequest,
): Promise<Page<TenantRow>> {
  const query = dataSource.manager
    .createQueryBuilder(TenantRow, 'tenant')
    .orderBy('tenant.created_at', 'DESC')
    .addOrderBy('tenant.id', 'DESC')
    .limit(limit + 1);
  const after = decodeCursor('tenants', cursor, 2);
  if (after) {
    const at = new Date(Number(after[0]));
    query.where('(tenant.created_at, tenant.id) < (:at, :id)', { at, id: after[1] });
  }
  return pageOf('tenants', await query.getMany(), limit, (row) => [String(row.created_at.getTime()), row.id]);
}
