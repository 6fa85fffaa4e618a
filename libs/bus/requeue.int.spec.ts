import { newId } from '#domain';
import { startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Bus } from './bus.js';
import type { Consumer } from './consumer.js';
import { done } from './outcome.js';
import { decodeOwed, type OwedDelivery } from './owed-delivery.js';
import { DELIVERIES } from './subjects.js';
import { owedDelivery } from './testing/owed-for-tests.js';

let nats: TestNats;
let bus: Bus;
let consumer: Consumer;
const arrived: { owed: OwedDelivery; data: string }[] = [];
const of = ({ delivery }: Pick<OwedDelivery, 'delivery'>) =>
  arrived.filter(({ owed }) => owed.delivery === delivery);
const data = '{"größe":1.0}';

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  await consume();
}, 60_000);

async function consume(): Promise<void> {
  consumer = bus.consumer({
    plan: {
      stream: DELIVERIES,
      durable: 'requeued',
      filter: 'deliveries.ready.>',
      ackWaitMs: 10_000,
      maxAckPending: 1_000,
    },
    capacity: 100,
    handle: (message) => {
      const { owed, data } = decodeOwed(message.payload);
      arrived.push({ owed, data: data.toString() });
      return Promise.resolve(done);
    },
    report: () => undefined,
  });
  await consumer.start();
}

afterAll(async () => {
  await consumer.drain(1_000);
  await bus.close();
  await nats.stop();
});

function toBringBack(change: Partial<OwedDelivery> = {}) {
  const { owed_at: _at, by_reference: _by, ...owed } = owedDelivery({ trigger: 'manual', ...change });
  return { ...owed, data, wasCancelled: false };
}

describe('a delivery that is brought back', () => {
  it('is ready at once, under its own id, owed from now on', async () => {
    const before = Date.now();
    const delivery = toBringBack({ attempt: 5, created_at: 1_000 });
    const brought = await bus.requeue.bringBack(delivery);
    await waitFor(() => expect(of(delivery)).toHaveLength(1));
    const [{ owed, data: carried } = { owed: undefined, data: '' }] = of(delivery);
    expect(carried).toBe(data);
    expect(owed).toMatchObject({ attempt: 5, trigger: 'manual', created_at: 1_000, by_reference: false });
    expect(owed?.owed_at).toBeGreaterThanOrEqual(before);
    expect(brought).toEqual({ end: 'queued', owed_at: owed?.owed_at });
  });

  it('has its metadata with it, whether it is brought back or its message was lost', async () => {
    const metadata = '{ "b": 1.50, "a": 9007199254740993 }';
    const [back, lost] = [toBringBack({ metadata }), { ...owedDelivery({ metadata }), data, dueAt: 0 }];
    await bus.requeue.bringBack(back);
    await bus.requeue.restore(lost);
    await waitFor(() => expect([of(back).length, of(lost).length]).toEqual([1, 1]));
    for (const each of [back, lost]) expect(of(each)[0]?.owed.metadata).toBe(metadata);
  });

  it('comes once, however often it is asked for under one dedup id', async () => {
    const delivery = toBringBack();
    const last = toBringBack({ webhook: delivery.webhook });
    await bus.requeue.bringBack(delivery, 'job_1:a');
    await bus.requeue.bringBack(delivery, 'job_1:a');
    await bus.requeue.bringBack(last);
    await waitFor(() => expect(of(last)).toHaveLength(1));
    expect(of(delivery)).toHaveLength(1);
  });

  it('is owed since the first of several wishes, and says so to each, as long as nobody has taken it', async () => {
    await consumer.drain(1_000);
    const delivery = toBringBack();
    const first = await bus.requeue.bringBack(delivery, 'job_1:b');
    await waitFor(() => expect(Date.now()).toBeGreaterThan('owed_at' in first ? first.owed_at : 0));
    expect(await bus.requeue.bringBack(delivery, 'job_1:b')).toEqual(first);
    await consume();
    await waitFor(() => expect(of(delivery)).toHaveLength(1));
    await waitFor(async () =>
      expect(await bus.requeue.bringBack(delivery, 'job_1:b')).toEqual({ end: 'taken' }),
    );
  });

  it('is not stopped by the mark of its cancellation, which stops only what was owed before', async () => {
    const delivery = toBringBack();
    await bus.cancellations.mark(delivery.delivery, delivery);
    const marked = (await bus.cancellations.markedAt(delivery.delivery)) ?? Infinity;
    await bus.requeue.bringBack({ ...delivery, wasCancelled: true });
    await waitFor(() => expect(of(delivery)).toHaveLength(1));
    expect(of(delivery)[0]?.owed.owed_at).toBeGreaterThan(marked);
  });

  it('travels by reference when no message is as large, as long as EVENTS has the event', async () => {
    // The test's server takes 8 MiB at once.
    const large = JSON.stringify('x'.repeat(8 * 1_048_576 - 700));
    const id = newId('evt');
    const body = Buffer.from(large);
    const dedupId = id;
    const { sequence } = await bus.publishEvent({ tenant: 'acme', type: 'order.created', body, dedupId });
    const stored = await bus.events.read({ sequence, tenant: 'acme', type: 'order.created' });
    const created_at = stored?.storedAt ?? 0;
    const metadata = '{"a":1}';
    const delivery = { ...toBringBack({ event: id, sequence, created_at, metadata }), data: large };
    expect(await bus.requeue.bringBack(delivery)).toMatchObject({ end: 'queued' });
    await waitFor(() => expect(of(delivery)).toHaveLength(1));
    expect(of(delivery)[0]?.owed).toMatchObject({ by_reference: true, sequence });
    expect(of(delivery)[0]?.owed).not.toHaveProperty('metadata');
    expect(of(delivery)[0]?.data.length).toBe(0);
    for (const other of [{ event: newId('evt') }, { sequence: 999 }, { tenant: 'globex' }, { created_at: 5 }])
      expect(await bus.requeue.bringBack({ ...delivery, ...other })).toEqual({ end: 'payload_expired' });
  });

  it('is refused when its payload is nowhere', async () => {
    expect(await bus.requeue.bringBack({ ...toBringBack({ sequence: 777 }), data: null })).toEqual({
      end: 'payload_expired',
    });
  });
});

describe('a delivery whose next attempt is scheduled', () => {
  const superseded = (owed: OwedDelivery) => bus.requeue.supersede({ ...owed, trigger: 'manual' });

  it('is attempted now, once, when somebody asks for it', async () => {
    const owed = owedDelivery({ attempt: 3 });
    await bus.deliveries.later(owed, Buffer.from(data), Date.now() + 3_600_000);
    const now = await superseded(owed);
    expect(now).toMatchObject({ attempt: 3 });
    await waitFor(() => expect(of(owed)).toHaveLength(1), 5_000);
    expect(of(owed)[0]?.owed.owed_at).toBe(now?.owed_at);
    expect(of(owed)[0]).toMatchObject({ owed: { attempt: 3, trigger: 'manual' }, data });
    expect(await superseded(owed)).toBeUndefined();
    expect(of(owed)).toHaveLength(1);
  });

  it('is attempted once also when several ask at the same moment', async () => {
    const owed = owedDelivery({ attempt: 2 });
    await bus.deliveries.later(owed, Buffer.from(data), Date.now() + 3_600_000);
    const asked = await Promise.all([superseded(owed), superseded(owed), superseded(owed)]);
    expect(asked.filter((each) => each !== undefined).length).toBeGreaterThanOrEqual(1);
    await waitFor(() => expect(of(owed)).toHaveLength(1), 5_000);
    const last = owedDelivery({ webhook: owed.webhook });
    await bus.deliveries.later(last, Buffer.from(data), Date.now());
    await waitFor(() => expect(of(last)).toHaveLength(1), 5_000);
    expect(of(owed)).toHaveLength(1);
  });

  it('is attempted no more when its schedule is taken away', async () => {
    const owed = owedDelivery({ attempt: 4 });
    await bus.deliveries.later(owed, Buffer.from(data), Date.now() + 3_600_000);
    expect(await bus.requeue.unschedule(owed.webhook, owed.delivery)).toMatchObject({
      attempt: 4,
      owed_at: owed.owed_at,
    });
    expect(await bus.requeue.unschedule(owed.webhook, owed.delivery)).toBeUndefined();
    expect(await superseded(owed)).toBeUndefined();
  });
});

it('what is ready is counted, and neither schedules nor lanes', async () => {
  await consumer.drain(1_000);
  const before = await bus.requeue.readyCount();
  const owed = owedDelivery();
  await bus.deliveries.later(owed, Buffer.from(data), Date.now() + 3_600_000);
  await bus.deliveries.hold(owed, Buffer.from(data));
  await bus.requeue.bringBack(toBringBack());
  await bus.requeue.bringBack(toBringBack());
  expect(await bus.requeue.readyCount()).toBe(before + 2);
  expect(await bus.requeue.waitingCount(owed.webhook)).toBe(1);
});
