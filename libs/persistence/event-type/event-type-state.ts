import type { CheckedEventType, EventTypeState, LiveEventType } from '#domain';
import type { EventTypeRow } from './event-type-row.js';

/**
 * The state that a row stands for.
 * @param version the last one in the ledger, where there is no row (any more)
 */
export function eventTypeStateOf(row: EventTypeRow | null, version: number): EventTypeState {
  if (!row) return { kind: 'none', version };
  const { created_at, updated_at, ...fields } = row;
  return { kind: 'live', ...fields, created_at: created_at.getTime(), updated_at: updated_at.getTime() };
}

export function eventTypeRowOf(state: LiveEventType): EventTypeRow {
  const { kind: _kind, created_at, updated_at, ...fields } = state;
  return { ...fields, created_at: new Date(created_at), updated_at: new Date(updated_at) };
}

/** What the data plane is told of an event type. */
export function checkedEventTypeOf({
  tenant,
  name,
  version,
  schema,
  archived,
}: EventTypeRow): CheckedEventType {
  return { tenant, name, version, schema, archived };
}
