import type { TenantId } from '../ids.js';
import type { EventTypeDefinition } from './declared-event-type.js';

/** What the ledger says of an event type. */
export type EventTypeEvent =
  EventTypeDeclared | EventTypeChanged | EventTypeArchived | EventTypeRestored | EventTypeDeleted;

interface Decided {
  tenant: TenantId;
  event_type: string;
  /** Who decided. */
  actor: string;
  /** Milliseconds since 1970. */
  at: number;
}

export interface EventTypeDeclared extends Decided {
  type: 'event_type.declared';
  data: EventTypeDefinition;
}

/** What changed, with its new values; archiving and restoring have events of their own. */
export interface EventTypeChanged extends Decided {
  type: 'event_type.changed';
  data: Partial<Omit<EventTypeDefinition, 'archived'>>;
}

export interface EventTypeArchived extends Decided {
  type: 'event_type.archived';
  data: Record<never, never>;
}

export interface EventTypeRestored extends Decided {
  type: 'event_type.restored';
  data: Record<never, never>;
}

export interface EventTypeDeleted extends Decided {
  type: 'event_type.deleted';
  data: Record<never, never>;
}
