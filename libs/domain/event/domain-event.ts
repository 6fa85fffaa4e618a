import type { EventId, TenantId } from '../ids.js';
import type { TraceContext } from './trace-context.js';

/** An event as Tidings accepted it. */
export interface DomainEvent {
  id: EventId;
  tenant: TenantId;
  type: string;
  /** When it happened, as the publisher says, else when it was accepted; RFC 3339. */
  timestamp: string;
  /** When it entered the stream EVENTS, milliseconds since 1970. */
  acceptedAt: number;
  /** The JSON text of the payload, its bytes and key order as they came. */
  data: string;
  /** The JSON text of the metadata, if there was any. */
  metadata: string | null;
  /** The trace that its publisher says it belongs to. */
  trace?: TraceContext | undefined;
}
