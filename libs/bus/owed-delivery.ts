import type { AttemptTrigger, DeliveryId, EventId, TenantId, WebhookId } from '#domain';

/** A delivery that is owed: what one message of the stream DELIVERIES says. */
export interface OwedDelivery {
  delivery: DeliveryId;
  tenant: TenantId;
  event: EventId;
  event_type: string;
  /** The event's own time, RFC 3339. */
  timestamp: string;
  webhook: WebhookId;
  /** When the event was accepted, milliseconds since 1970. */
  created_at: number;
  /** The number of the attempt that is owed, 1 for the first. */
  attempt: number;
  trigger: AttemptTrigger;
  /** The event's sequence in EVENTS. */
  sequence: number;
  /** The payload is too large to travel along; it lies in EVENTS. */
  by_reference: boolean;
}

/** Payloads above this many bytes stay in EVENTS and are looked up (docs/architecture.md). */
export const INLINE_BYTES = 16 * 1024;

const NEWLINE = 10;

/**
 * One line of JSON, then the payload's bytes untouched: the dispatcher signs
 * and sends them without ever parsing or copying them into another JSON.
 * @param data the payload's JSON text; empty when by reference
 */
export function encodeOwed(owed: OwedDelivery, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(owed)}\n`), data]);
}

/** @throws SyntaxError when the message is not one of ours */
export function decodeOwed(message: Uint8Array): { owed: OwedDelivery; data: Buffer } {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const end = bytes.indexOf(NEWLINE);
  return { owed: JSON.parse(bytes.toString('utf8', 0, end)) as OwedDelivery, data: bytes.subarray(end + 1) };
}
