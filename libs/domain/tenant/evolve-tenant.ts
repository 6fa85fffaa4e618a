import { PLAIN_TENANT, type TenantState } from './tenant.js';
import type { TenantEvent } from './tenant-events.js';

/** The state after an event. Total: an event that does not fit leaves everything but the version as it was. */
export function evolveTenant(state: TenantState, event: TenantEvent): TenantState {
  const version = state.version + 1;
  if (event.type === 'tenant.created') {
    const { tenant: id, at } = event;
    return { kind: 'live', id, version, ...PLAIN_TENANT, ...event.data, created_at: at, updated_at: at };
  }
  if (state.kind !== 'live') return state.kind === 'none' ? state : { ...state, version };
  switch (event.type) {
    case 'tenant.changed':
      return { ...state, ...event.data, version, updated_at: event.at };
    case 'tenant.deleted':
      return { kind: 'deleted', id: state.id, version };
  }
}
