import {
  evolveKey,
  NO_KEY,
  OF_NO_TENANT,
  type KeyEvent,
  type KeyId,
  type KeyState,
  type TenantId,
} from '#domain';
import type { DataSource } from 'typeorm';
import { appendToLedger } from '../ledger/append-to-ledger.js';
import { holdTenant } from '../tenant/hold-tenant.js';
import { KeyRow } from './key-row.js';

/**
 * Decides on a key and keeps the decision, ledger and row in one transaction.
 * @param tenant OF_NO_TENANT for an operator's
 * @param decide gives the events for the state found, or throws; may be called once only
 * @param hash of the key, when it is new
 * @returns the row after the change
 * @throws TenantNotFound for a new key of a tenant that was deleted meanwhile, and what `decide` throws
 */
export async function changeKey(
  dataSource: DataSource,
  tenant: TenantId,
  id: KeyId,
  decide: (state: KeyState) => KeyEvent[],
  hash?: Buffer,
): Promise<KeyRow> {
  return dataSource.transaction(async (manager) => {
    const row = await manager.findOne(KeyRow, {
      where: { tenant, id },
      lock: { mode: 'pessimistic_write' },
    });
    const before = keyStateOf(row);
    const events = decide(before);
    const after = events.reduce(evolveKey, before);
    if (after.kind === 'none') throw new Error(`Nothing was decided about the key ${id}, and there is none.`);
    if (row && events.length === 0) return row;
    await appendToLedger(manager, { type: 'key', id }, before.version, events);
    if (row) {
      const change = { version: after.version, revoked_at: dateOf(after.revoked_at) };
      await manager.update(KeyRow, { tenant, id }, change);
      return Object.assign(row, change);
    }
    if (!hash) throw new Error(`The key ${id} is new, but came without its hash.`);
    if (tenant !== OF_NO_TENANT) await holdTenant(manager, tenant);
    const { kind: _kind, expires_at, revoked_at, created_at, ...fields } = after;
    const made: KeyRow = {
      ...fields,
      hash,
      expires_at: dateOf(expires_at),
      revoked_at: dateOf(revoked_at),
      last_used_at: null,
      created_at: new Date(created_at),
    };
    await manager.insert(KeyRow, made);
    return made;
  });
}

function dateOf(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}

function keyStateOf(row: KeyRow | null): KeyState {
  if (!row) return NO_KEY;
  const { tenant, id, version, name, role } = row;
  return {
    kind: 'issued',
    ...{ tenant, id, version, name, role },
    expires_at: row.expires_at?.getTime() ?? null,
    revoked_at: row.revoked_at?.getTime() ?? null,
    created_at: row.created_at.getTime(),
  };
}
