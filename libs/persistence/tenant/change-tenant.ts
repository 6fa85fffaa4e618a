import { evolveTenant, TenantExists, type TenantEvent, type TenantId, type TenantState } from '#domain';
import type { DataSource, EntityManager } from 'typeorm';
import { appendToLedger } from '../ledger/append-to-ledger.js';
import { LedgerRow } from '../ledger/ledger-row.js';
import { violatedUniqueness } from '../unavailable.js';
import { endAllOfTenant } from './end-all-of-tenant.js';
import { TenantRow } from './tenant-row.js';
import { tenantRowOf, tenantStateOf } from './tenant-state.js';

export interface TenantChange {
  /** The row after the change; null when the tenant was deleted. */
  row: TenantRow | null;
  /** The last ledger entry that the change made; null when there was nothing to change. */
  seq: number | null;
}

/**
 * Decides on a tenant and keeps the decision: ledger entries and row in one
 * transaction, the row locked meanwhile. A deletion ends all that the tenant
 * has in the same transaction. Wakes the relay.
 * @param decide gives the events for the state found, or throws; may be called once only
 * @throws TenantExists when two create it at once, and what `decide` throws; nothing is kept then
 */
export async function changeTenant(
  dataSource: DataSource,
  id: TenantId,
  decide: (state: TenantState) => TenantEvent[],
): Promise<TenantChange> {
  try {
    return await dataSource.transaction(async (manager) => {
      const row = await manager.findOne(TenantRow, { where: { id }, lock: { mode: 'pessimistic_write' } });
      const before = tenantStateOf(id, row, row ? row.version : await lastVersion(manager, id));
      const events = decide(before);
      if (events.length === 0) return { row, seq: null };
      const after = events.reduce(evolveTenant, before);
      const [last] = events.slice(-1);
      if (after.kind !== 'live' && last) await endAllOfTenant(manager, id, last.actor, new Date(last.at));
      const seq = await appendToLedger(manager, { type: 'tenant', id }, before.version, events);
      return { row: await keep(manager, id, row, after), seq };
    });
  } catch (error) {
    if (violatedUniqueness(error) === 'ledger_aggregate_version') throw new TenantExists(id);
    throw error;
  }
}

async function lastVersion(manager: EntityManager, id: TenantId): Promise<number> {
  const version = await manager.maximum(LedgerRow, 'version', {
    tenant: id,
    aggregate_type: 'tenant',
    aggregate_id: id,
  });
  return version ?? 0;
}

async function keep(
  manager: EntityManager,
  id: TenantId,
  before: TenantRow | null,
  state: TenantState,
): Promise<TenantRow | null> {
  if (state.kind !== 'live') {
    await manager.delete(TenantRow, { id });
    return null;
  }
  const row = tenantRowOf(state);
  if (before) await manager.update(TenantRow, { id }, row);
  else await manager.insert(TenantRow, row);
  return row;
}
