import type { EventTypeState } from './declared-event-type.js';
import type { EventTypeEvent } from './event-type-events.js';

/**
 * The state after an event. Total: an event that does not fit what went before
 * (which decideEventType never makes) leaves everything but the version as it was.
 */
export function evolveEventType(state: EventTypeState, event: EventTypeEvent): EventTypeState {
  const version = state.version + 1;
  if (event.type === 'event_type.declared')
    return {
      kind: 'live',
      tenant: event.tenant,
      name: event.event_type,
      version,
      ...event.data,
      created_at: event.at,
      updated_at: event.at,
    };
  if (state.kind !== 'live') return { kind: 'none', version };
  const touched = { ...state, version, updated_at: event.at };
  switch (event.type) {
    case 'event_type.changed':
      return { ...touched, ...event.data };
    case 'event_type.archived':
      return { ...touched, archived: true };
    case 'event_type.restored':
      return { ...touched, archived: false };
    case 'event_type.deleted':
      return { kind: 'none', version };
  }
}
