import type {
  AttemptTrigger,
  DeliveryId,
  DeliveryRef,
  EventId,
  TenantId,
  TraceContext,
  WebhookId,
} from '#domain';
import type { BusMessage } from './message.js';
import { hopeless, type Outcome } from './outcome.js';

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
  /** When it was owed, milliseconds since 1970: the event's acceptance, or the person's word that brought it back. */
  owed_at: number;
  /** The number of the attempt that is owed, 1 for the first. */
  attempt: number;
  trigger: AttemptTrigger;
  /** The event's sequence in EVENTS, or in the stream named beside it. */
  sequence: number;
  /** The stream of the user's own that it lies in, where that is not EVENTS. */
  stream?: string | undefined;
  /** The event's metadata, JSON text; left out where it has none, and where the payload does not travel along. */
  metadata?: string | undefined;
  /** The payload is too large to travel along, with its metadata; both lie in EVENTS. */
  by_reference: boolean;
  /** The trace that its attempts belong to, retries too; left out where there is none. */
  trace?: TraceContext | undefined;
}

/** Payloads that are larger than this with their metadata stay in EVENTS and are looked up (docs/architecture.md). */
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

/**
 * Handles a message of DELIVERIES as the delivery that it carries.
 * @returns what the handler says; `hopeless` for a message that carries none
 */
export async function withOwed(
  message: BusMessage,
  handle: (owed: OwedDelivery, data: Buffer) => Promise<Outcome>,
): Promise<Outcome> {
  let decoded: ReturnType<typeof decodeOwed>;
  try {
    decoded = decodeOwed(message.payload);
  } catch (error) {
    return hopeless(`not a delivery: ${String(error)}`);
  }
  return handle(decoded.owed, decoded.data);
}

/** What the journal's facts say of a delivery. */
export function deliveryRefOf(owed: OwedDelivery): DeliveryRef {
  const { tenant, delivery, event, event_type, webhook, created_at, owed_at } = owed;
  const ref = { tenant, delivery, event, event_type, webhook, created_at };
  return owed_at === created_at ? ref : { ...ref, owed_at };
}
