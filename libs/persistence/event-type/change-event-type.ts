import {
  EventTypeExists,
  evolveEventType,
  type EventTypeEvent,
  type EventTypeState,
  type TenantId,
} from '#domain';
import type { DataSource, EntityManager } from 'typeorm';
import { appendToLedger } from '../ledger/append-to-ledger.js';
import { LedgerRow } from '../ledger/ledger-row.js';
import { holdTenant } from '../tenant/hold-tenant.js';
import { violatedUniqueness } from '../unavailable.js';
import { EventTypeRow } from './event-type-row.js';
import { eventTypeRowOf, eventTypeStateOf } from './event-type-state.js';

export interface EventTypeChange {
  /** The row after the change; null when the event type was deleted. */
  row: EventTypeRow | null;
  /** The last ledger entry that the change made; null when there was nothing to change. */
  seq: number | null;
}

/**
 * Decides on an event type and keeps the decision: ledger entries and row in
 * one transaction, the row locked meanwhile. Wakes the relay.
 * @param decide gives the events for the state found, or throws; may be called once only
 * @throws EventTypeExists when two declare it at once, TenantNotFound for a new one, and what `decide` throws; nothing is kept then
 */
export async function changeEventType(
  dataSource: DataSource,
  tenant: TenantId,
  name: string,
  decide: (state: EventTypeState) => EventTypeEvent[],
): Promise<EventTypeChange> {
  try {
    return await dataSource.transaction(async (manager) => {
      const row = await manager.findOne(EventTypeRow, {
        where: { tenant, name },
        lock: { mode: 'pessimistic_write' },
      });
      const before = eventTypeStateOf(row, row ? row.version : await lastVersion(manager, tenant, name));
      const events = decide(before);
      if (events.length === 0) return { row, seq: null };
      if (!row) await holdTenant(manager, tenant);
      const after = events.reduce(evolveEventType, before);
      const seq = await appendToLedger(manager, { type: 'event_type', id: name }, before.version, events);
      return { row: await keep(manager, tenant, name, row, after), seq };
    });
  } catch (error) {
    if (violatedUniqueness(error) === 'ledger_aggregate_version') throw new EventTypeExists(name);
    throw error;
  }
}

/** Of an event type without a row: one that was deleted goes on from its last version. */
async function lastVersion(manager: EntityManager, tenant: TenantId, name: string): Promise<number> {
  const version = await manager.maximum(LedgerRow, 'version', {
    tenant,
    aggregate_type: 'event_type',
    aggregate_id: name,
  });
  return version ?? 0;
}

async function keep(
  manager: EntityManager,
  tenant: TenantId,
  name: string,
  before: EventTypeRow | null,
  state: EventTypeState,
): Promise<EventTypeRow | null> {
  if (state.kind !== 'live') {
    await manager.delete(EventTypeRow, { tenant, name });
    return null;
  }
  const row = eventTypeRowOf(state);
  if (before) await manager.update(EventTypeRow, { tenant, name }, row as object);
  else await manager.insert(EventTypeRow, row as object);
  return row;
}
