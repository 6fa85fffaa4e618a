import type { JournalWriter, Requeue } from '#bus';
import type { OpenDeliveries, OpenDelivery, OwedEvent, EventKey } from '#persistence';
import { dueAt } from './next-check.js';

export interface Restored {
  /** Deliveries that are in the queue again. */
  queued: number;
  /** Deliveries whose payload nobody has any more: they end as cancelled. */
  expired: number;
}

interface Means {
  open: Pick<OpenDeliveries, 'sizes' | 'payloads'>;
  requeue: Requeue;
  journal: JournalWriter;
}

/** What is in memory at once: payloads as they are read, and the messages that are made of them. */
const PORTION_BYTES = 8 * 1024 * 1024;
const PORTION_EVENTS = 500;
const ON_THE_WAY_BYTES = 32 * 1024 * 1024;
const ON_THE_WAY = 1_000;

/**
 * Queues deliveries again whose messages were lost, with the payloads of the record.
 * @throws PublishError when JetStream did not take one; those before it are queued
 */
export async function restoreAll(lost: readonly OpenDelivery[], means: Means): Promise<Restored> {
  const restored: Restored = { queued: 0, expired: 0 };
  // Ids sort by time: what was accepted first is queued first.
  const inOrder = [...lost].sort((a, b) => (a.delivery < b.delivery ? -1 : 1));
  const byEvent = Map.groupBy(inOrder, (delivery) => textOf(eventOf(delivery)));
  const keys = [...byEvent.values()].flatMap(([first]) => (first ? eventOf(first) : []));
  const known = await means.open.sizes(keys);
  known.sort((a, b) => a.accepted_at - b.accepted_at);
  for (const portion of portions(known)) {
    const events = await means.open.payloads(portion);
    const owed = events.flatMap((event) => {
      const deliveries = byEvent.get(textOf(event)) ?? [];
      byEvent.delete(textOf(event));
      return deliveries.map((delivery) => ({ delivery, event }));
    });
    owed.sort((a, b) => (a.delivery.delivery < b.delivery.delivery ? -1 : 1));
    const largest = portion.reduce((most, { bytes }) => Math.max(most, bytes), 1);
    const atOnce = Math.min(ON_THE_WAY, Math.ceil(ON_THE_WAY_BYTES / largest));
    for (let i = 0; i < owed.length; i += atOnce) await restore(owed.slice(i, i + atOnce), means, restored);
  }
  // Their events have no row: the day was dropped meanwhile.
  for (const [, deliveries] of byEvent) await expire(deliveries, means, restored);
  return restored;
}

async function restore(
  owed: readonly { delivery: OpenDelivery; event: OwedEvent }[],
  means: Means,
  restored: Restored,
): Promise<void> {
  const ends = await Promise.all(owed.map(({ delivery, event }) => queue(delivery, event, means.requeue)));
  restored.queued += ends.filter((end) => end === 'queued').length;
  const expired = owed.filter((_, i) => ends[i] === 'payload_expired');
  await expire(
    expired.map(({ delivery }) => delivery),
    means,
    restored,
  );
}

function queue(delivery: OpenDelivery, event: OwedEvent, requeue: Requeue) {
  return requeue.restore({
    delivery: delivery.delivery,
    tenant: delivery.tenant,
    event: delivery.event,
    event_type: delivery.event_type,
    webhook: delivery.webhook,
    timestamp: event.timestamp,
    created_at: delivery.created_at,
    owed_at: delivery.owed_at,
    attempt: delivery.attempt_count + 1,
    trigger: 'auto',
    sequence: event.sequence,
    metadata: event.metadata ?? undefined,
    data: event.data,
    dueAt: dueAt(delivery),
  });
}

async function expire(
  deliveries: readonly OpenDelivery[],
  { journal }: Means,
  restored: Restored,
): Promise<void> {
  const facts = deliveries.map(({ next_attempt_at: _next, updated_at: _updated, attempt_count, ...ref }) =>
    journal.append({
      kind: 'delivery.cancelled',
      ...ref,
      at: Date.now(),
      attempt_count,
      reason: 'payload_expired',
    }),
  );
  await Promise.all(facts);
  restored.expired += deliveries.length;
}

function* portions<Sized extends EventKey & { bytes: number }>(events: readonly Sized[]): Generator<Sized[]> {
  let portion: Sized[] = [];
  let bytes = 0;
  for (const event of events) {
    if (portion.length === PORTION_EVENTS || (portion.length > 0 && bytes + event.bytes > PORTION_BYTES)) {
      yield portion;
      [portion, bytes] = [[], 0];
    }
    portion.push(event);
    bytes += event.bytes;
  }
  if (portion.length > 0) yield portion;
}

function eventOf({ tenant, event: id, created_at: accepted_at }: OpenDelivery): EventKey {
  return { tenant, id, accepted_at };
}

function textOf({ tenant, id, accepted_at }: EventKey): string {
  return `${tenant}/${accepted_at}/${id}`;
}
