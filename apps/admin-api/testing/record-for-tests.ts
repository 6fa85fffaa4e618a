import { Bus, decodeOwed, DELIVERIES, done, type OwedDelivery } from '#bus';
import { deliveryIdOf, newId, type AttemptFinished, type DeliveryRef, type Fact } from '#domain';
import { openDatabase, Projection, type DataSource } from '#persistence';
import { TOPOLOGY, waitFor } from '#testing';
import type { TestApi } from './api-for-tests.js';

export interface RecordedEvent {
  tenant: string;
  id: string;
  type: string;
  accepted_at: number;
}

export interface QueuedDelivery {
  owed: OwedDelivery;
  data: string;
}

/** What the record shows of deliveries, and what of them lies in the queue, with nobody else at work on either. */
export interface TestRecord {
  database: DataSource;
  bus: Bus;
  /** Writes what facts tell. */
  project(...facts: Fact[]): Promise<void>;
  /** An accepted event that owes nothing yet. */
  event(change?: Partial<Extract<Fact, { kind: 'event.accepted' }>>): Promise<RecordedEvent>;
  /** A delivery of an event of its own, unless another is named; attempted once, unless it is `pending`. */
  delivery(
    webhook: string,
    outcome: AttemptFinished['outcome'] | 'pending',
    event?: RecordedEvent,
  ): Promise<DeliveryRef>;
  /** So many deliveries that failed, each of an event of its own, a millisecond after the other. @returns their ids */
  failures(webhook: string, count: number): Promise<string[]>;
  /** All that was ready in the queue, in the order in which it was. */
  readonly queued: QueuedDelivery[];
  /** What was ready for a webhook, once it is so many at least. */
  readyFor(webhook: string, count: number): Promise<QueuedDelivery[]>;
  /** Leaves in the queue what is ready, until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** A delivery of some event, as the queue holds it. */
  owedTo(webhook: string): OwedDelivery;
  close(): Promise<void>;
}

export async function openRecord(api: TestApi): Promise<TestRecord> {
  const database = await openDatabase(api.postgres.url, { name: 'spec' });
  const bus = await Bus.open({ url: api.nats.url, name: 'spec' }, TOPOLOGY);
  const projection = new Projection(database);
  const queued: QueuedDelivery[] = [];
  const start = async () => {
    const consumer = consumerOf(bus, queued);
    await consumer.start();
    return consumer;
  };
  let consumer = await start();
  const record: TestRecord = {
    database,
    bus,
    queued,
    project: (...facts) => projection.project(facts),
    event: async (change = {}) => {
      const accepted_at = change.accepted_at ?? Date.now();
      const fact = accepted({ ...change, accepted_at });
      await record.project(fact);
      return fact;
    },
    delivery: async (webhook, outcome, given) => {
      const event = given ?? (await record.event());
      const { tenant, type, accepted_at } = event;
      const delivery = deliveryIdOf(event.id, webhook, accepted_at);
      const ref = { tenant, delivery, event: event.id, event_type: type, webhook, created_at: accepted_at };
      await record.project(
        accepted({ tenant, type, accepted_at, id: event.id, matches: [{ delivery, webhook }] }),
        ...(outcome === 'pending' ? [] : [attempted(ref, outcome)]),
      );
      return ref;
    },
    failures: async (webhook, count) => {
      const begin = Date.now() - 3_600_000;
      const refs = Array.from({ length: count }, (_, i): DeliveryRef => {
        const event = newId('evt', begin + i);
        const delivery = deliveryIdOf(event, webhook, begin + i);
        const of = { tenant: 'default', event_type: 'task.completed', webhook, created_at: begin + i };
        return { ...of, event, delivery };
      });
      await record.project(
        ...refs.flatMap((ref): Fact[] => [
          accepted({
            id: ref.event,
            accepted_at: ref.created_at,
            matches: [{ delivery: ref.delivery, webhook }],
          }),
          attempted(ref, 'failed'),
        ]),
      );
      return refs.map(({ delivery }) => delivery).sort();
    },
    readyFor: async (webhook, count) => {
      const found = () => queued.filter(({ owed }) => owed.webhook === webhook);
      await waitFor(() => expect(found().length).toBeGreaterThanOrEqual(count), 20_000);
      return found();
    },
    pause: () => consumer.drain(1_000),
    resume: async () => {
      consumer = await start();
    },
    owedTo: (webhook) => {
      const at = Date.now();
      const event = newId('evt', at);
      return {
        delivery: deliveryIdOf(event, webhook, at),
        ...{ tenant: 'default', event, event_type: 'task.completed', webhook, created_at: at, owed_at: at },
        timestamp: new Date(at).toISOString(),
        attempt: 1,
        trigger: 'auto',
        sequence: 1,
        by_reference: false,
      };
    },
    close: async () => {
      await consumer.drain(1_000);
      await bus.close();
      await database.destroy();
    },
  };
  return record;
}

function consumerOf(bus: Bus, queued: QueuedDelivery[]) {
  return bus.consumer({
    plan: {
      stream: DELIVERIES,
      durable: 'spec',
      filter: 'deliveries.ready.>',
      ackWaitMs: 30_000,
      maxAckPending: 5_000,
    },
    capacity: 1_000,
    handle: ({ payload }) => {
      const { owed, data } = decodeOwed(payload);
      queued.push({ owed, data: data.toString() });
      return Promise.resolve(done);
    },
    report: () => undefined,
  });
}

function accepted(
  change: Partial<Extract<Fact, { kind: 'event.accepted' }>> & { accepted_at: number },
): Extract<Fact, { kind: 'event.accepted' }> {
  return {
    kind: 'event.accepted',
    tenant: 'default',
    id: newId('evt', change.accepted_at),
    type: 'task.completed',
    timestamp: new Date(change.accepted_at).toISOString(),
    data: '{"größe":1.0}',
    metadata: null,
    sequence: 1,
    match_count: 0,
    matches: [],
    ...change,
  };
}

/** The first attempt of a delivery, with what came of it. */
export function attempted(
  ref: DeliveryRef,
  outcome: AttemptFinished['outcome'],
  number = 1,
): AttemptFinished {
  const started_at = ref.created_at + number;
  return {
    kind: 'attempt.finished',
    ...ref,
    attempt: {
      id: newId('att', started_at),
      number,
      trigger: 'auto',
      started_at,
      duration_ms: 1,
      request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '{}' },
      response: { status: outcome === 'success' ? 204 : 500, headers: {}, body: '', truncated: false },
      error: outcome === 'success' ? null : { kind: 'http_status', message: 'The receiver answered 500.' },
    },
    outcome,
    next_attempt_at: outcome === 'retrying' ? started_at + 3_600_000 : null,
    reason: outcome === 'failed' ? 'retries_exhausted' : null,
  };
}
