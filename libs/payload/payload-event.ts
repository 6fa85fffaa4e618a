/** All that a format, a template or a transform can say of a delivery; nothing else is within their reach. */
export interface PayloadEvent {
  /** The event's id. */
  id: string;
  type: string;
  /** When it happened: RFC 3339, UTC, with milliseconds. */
  timestamp: string;
  /** The JSON text of the payload, its bytes as they came. */
  data: Uint8Array;
  /** The JSON text of the metadata, an object; null when there was none. */
  metadata: string | null;
  tenant: string;
  webhook_id: string;
  delivery_id: string;
  /** The number of the attempt, 1 for the first. */
  attempt: number;
}
