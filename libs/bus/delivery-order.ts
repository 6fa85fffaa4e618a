import type { OwedDelivery } from './owed-delivery.js';

/** What an index of a lane tells of each message, beside its place. */
export const ORDER_HEADER = 'Tidings-Order';

/** Where a delivery's event stands among the events of its tenant. */
export interface DeliveryOrder {
  /** When the event was accepted, milliseconds since 1970. */
  acceptedAt: number;
  sequence: number;
  /** The stream that the sequence counts in; undefined for EVENTS. */
  stream: string | undefined;
}

export function orderOf({ created_at, sequence, stream }: OwedDelivery): string {
  return `${created_at} ${sequence}${stream === undefined ? '' : ` ${stream}`}`;
}

/** What comes without an order, because an earlier version put it there, comes first. */
export function readOrder(text: string | undefined): DeliveryOrder {
  const [acceptedAt = '0', sequence = '0', stream] = text?.split(' ') ?? [];
  return { acceptedAt: Number(acceptedAt), sequence: Number(sequence), stream };
}

/** Negative when `a` comes before `b`. Sequences count within a stream, so the time of acceptance comes first. */
export function compareOrder(a: DeliveryOrder, b: DeliveryOrder): number {
  return a.acceptedAt - b.acceptedAt || a.sequence - b.sequence;
}
