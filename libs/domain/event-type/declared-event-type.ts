import type { TenantId } from '../ids.js';
import type { JsonSchema } from './event-type-schema.js';

/** What people say about a type of event. */
export interface EventTypeDefinition {
  description: string;
  /** What the data of such an event looks like; null when nothing is said of it. */
  schema: JsonSchema | null;
  /** Data as such an event may carry it; null for none. It fits the schema. */
  example: unknown;
  /** No longer to be published; kept for what was. */
  archived: boolean;
}

export type EventTypeState = NoEventType | LiveEventType;

/** Never declared, or deleted: its name may be declared (again), and versions go on counting. */
export interface NoEventType {
  kind: 'none';
  version: number;
}

export interface LiveEventType extends EventTypeDefinition {
  kind: 'live';
  tenant: TenantId;
  name: string;
  /** Events in its ledger so far; the ETag. */
  version: number;
  /** Milliseconds since 1970. */
  created_at: number;
  updated_at: number;
}

export const NO_EVENT_TYPE: NoEventType = { kind: 'none', version: 0 };

/**
 * What the data plane knows of an event type: the value under `<tenant>.<name>`
 * in the KV bucket `event-types`, written by the relay.
 */
export interface CheckedEventType {
  tenant: TenantId;
  name: string;
  /** The ledger's version; a lower one never replaces a higher one. */
  version: number;
  schema: JsonSchema | null;
  archived: boolean;
}
