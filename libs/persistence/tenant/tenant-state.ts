import type { LiveTenant, TenantState } from '#domain';
import type { TenantRow } from './tenant-row.js';

/** The state that a row stands for, or, without one, the version that the ledger ends with. */
export function tenantStateOf(id: string, row: TenantRow | null, lastVersion: number): TenantState {
  if (!row)
    return lastVersion === 0 ? { kind: 'none', version: 0 } : { kind: 'deleted', id, version: lastVersion };
  const { created_at, updated_at, ...fields } = row;
  return { kind: 'live', ...fields, created_at: created_at.getTime(), updated_at: updated_at.getTime() };
}

export function tenantRowOf({ kind: _kind, created_at, updated_at, ...fields }: LiveTenant): TenantRow {
  return { ...fields, created_at: new Date(created_at), updated_at: new Date(updated_at) };
}
