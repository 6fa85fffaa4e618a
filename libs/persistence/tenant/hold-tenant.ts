import { TenantNotFound, type TenantId } from '#domain';
import type { EntityManager } from 'typeorm';
import { TenantRow } from './tenant-row.js';

/**
 * Keeps a tenant from being deleted until the end of the transaction, which
 * gives it something new: else that would be left behind.
 * @returns the tenant as it is now
 * @throws TenantNotFound
 */
export async function holdTenant(
  manager: EntityManager,
  tenant: TenantId,
  mode: 'for_key_share' | 'for_no_key_update' = 'for_key_share',
): Promise<TenantRow> {
  const row = await manager.findOne(TenantRow, { where: { id: tenant }, lock: { mode } });
  if (!row) throw new TenantNotFound(tenant);
  return row;
}
