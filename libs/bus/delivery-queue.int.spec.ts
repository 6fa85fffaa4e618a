import { setTimeout as sleep } from 'node:timers/promises';
import { startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Bus } from './bus.js';
import type { Consumer } from './consumer.js';
import { ORDER_HEADER } from './delivery-order.js';
import { done } from './outcome.js';
import { decodeOwed, type OwedDelivery } from './owed-delivery.js';
import { DELIVERIES } from './subjects.js';
import { owedDelivery } from './testing/owed-for-tests.js';

let nats: TestNats;
let bus: Bus;
let consumer: Consumer;
const arrived: { owed: OwedDelivery; data: string; at: number }[] = [];
const of = ({ delivery }: OwedDelivery) => arrived.filter(({ owed }) => owed.delivery === delivery);
const data = Buffer.from('{"größe":1}');

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  await consume();
});

async function consume(): Promise<void> {
  consumer = bus.consumer({
    plan: {
      stream: DELIVERIES,
      durable: 'dispatch',
      filter: 'deliveries.ready.>',
      ackWaitMs: 10_000,
      maxAckPending: 1_000,
    },
    capacity: 100,
    handle: (message) => {
      const { owed, data } = decodeOwed(message.payload);
      arrived.push({ owed, data: data.toString(), at: Date.now() });
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

describe('a delivery', () => {
  it('is owed once, however often the event is routed, and says whether it is this one', async () => {
    const owed = owedDelivery();
    await consumer.drain(0);
    expect(await bus.deliveries.owe(owed, data)).toBe(true);
    expect(await bus.deliveries.owe(owed, data)).toBe(true);
    expect(await bus.deliveries.owe(owedDelivery({ ...owed, delivery: 'dlv_other' }), data)).toBe(false);
    await consume();
    await waitFor(() => expect(of(owed)).toHaveLength(1));
    expect(of(owed)[0]).toMatchObject({ owed, data: '{"größe":1}' });
    await waitFor(async () => expect(await bus.deliveries.owe(owed, data)).toBe(false));
  });
});

describe('a delivery that is due later', () => {
  it('is ready at about its time, as it was put', async () => {
    const owed = owedDelivery({ attempt: 2 });
    const due = Date.now() + 1_500;
    await bus.deliveries.later(owed, data, due);
    await waitFor(() => expect(of(owed)).toHaveLength(1));
    expect(of(owed)[0]).toMatchObject({ owed, data: '{"größe":1}' });
    expect(of(owed)[0]!.at).toBeGreaterThanOrEqual(due - 50);
    expect(of(owed)[0]!.at).toBeLessThan(due + 3_000);
  });

  it('is ready at once when its time is past', async () => {
    const owed = owedDelivery();
    await bus.deliveries.later(owed, data, Date.now() - 60_000);
    await waitFor(() => expect(of(owed)).toHaveLength(1), 5_000);
  });

  it('has one time: the last that was said', async () => {
    const owed = owedDelivery();
    await bus.deliveries.later({ ...owed, attempt: 2 }, data, Date.now() + 1_000);
    await bus.deliveries.later({ ...owed, attempt: 3 }, data, Date.now() + 2_500);
    await waitFor(() => expect(of(owed)).toHaveLength(1));
    await sleep(1_000);
    expect(of(owed).map(({ owed }) => owed.attempt)).toEqual([3]);
  });

  it('never comes when it was taken back; others of its webhook do', async () => {
    const owed = owedDelivery();
    const other = owedDelivery({ webhook: owed.webhook });
    await bus.deliveries.later(owed, data, Date.now() + 1_000);
    await bus.deliveries.later(other, data, Date.now() + 1_000);
    await bus.deliveries.cancelLater(owed.webhook, owed.delivery);
    await bus.deliveries.cancelLater(owed.webhook, 'dlv_without_a_schedule');
    await waitFor(() => expect(of(other)).toHaveLength(1));
    await sleep(1_000);
    expect(of(owed)).toEqual([]);
  });

  it('comes though the server was killed meanwhile, and though its time passed without a server', async () => {
    const [during, after] = [owedDelivery(), owedDelivery()];
    await bus.deliveries.later(during, data, Date.now() + 400);
    await bus.deliveries.later(after, data, Date.now() + 3_000);
    await nats.kill();
    await sleep(800);
    await nats.restart();
    await waitFor(() => expect([of(during).length, of(after).length]).toEqual([1, 1]), 20_000);
  }, 40_000);
});

describe('a lane', () => {
  const open = async (webhook: string, seen: OwedDelivery[], capacity: number | (() => number) = 10) => {
    const consumer = await bus.lanes.open(webhook, {
      capacity,
      handle: (message) => {
        seen.push(decodeOwed(message.payload).owed);
        return Promise.resolve(done);
      },
      report: () => undefined,
    });
    return {
      consumer,
      close: async () => {
        await consumer.drain(1_000);
        await bus.lanes.close(webhook);
      },
    };
  };
  const fill = async (count: number) => {
    const first = owedDelivery();
    const all = Array.from({ length: count }, () => owedDelivery({ webhook: first.webhook }));
    await Promise.all(all.map((owed) => bus.deliveries.hold(owed, data)));
    return { webhook: first.webhook, all: all.map(({ delivery }) => delivery) };
  };

  it('keeps what is held until it is drained', async () => {
    const { webhook, all } = await fill(30);
    expect((await bus.lanes.lengths()).get(webhook)).toBe(30);
    const seen: OwedDelivery[] = [];
    const { close } = await open(webhook, seen);
    await waitFor(() => expect(new Set(seen.map(({ delivery }) => delivery))).toEqual(new Set(all)));
    await waitFor(async () => expect(await bus.lanes.length(webhook)).toBe(0));
    await close();
    expect((await bus.lanes.lengths()).has(webhook)).toBe(false);
    expect(seen).toHaveLength(30);
  });

  it('hands out no more while its drain is still, and goes on after that', async () => {
    const { webhook } = await fill(500);
    const seen: OwedDelivery[] = [];
    const { consumer, close } = await open(webhook, seen);
    await waitFor(() => expect(seen.length).toBeGreaterThan(0));
    await consumer.beStill();
    const before = seen.length;
    await sleep(300);
    expect(seen).toHaveLength(before);
    consumer.goOn();
    await waitFor(() => expect(new Set(seen.map(({ delivery }) => delivery)).size).toBe(500));
    await close();
  });

  it('hands out from its beginning to whoever opens it after a crash, what the dead one held included', async () => {
    const { webhook, all } = await fill(50);
    const held = await bus.lanes.open(webhook, {
      capacity: 20,
      handle: () => new Promise(() => undefined),
      report: () => undefined,
    });
    await waitFor(() => expect(held.inFlight).toBe(20));
    held.abandon();
    const seen: OwedDelivery[] = [];
    const { close } = await open(webhook, seen);
    await waitFor(() => expect(seen.map(({ delivery }) => delivery).sort()).toEqual([...all].sort()));
    await close();
  });

  it('has an index that tells the order of all that is in it, and leaves the payloads where they are', async () => {
    const { webhook, all } = await fill(20);
    const orders: { order: string | undefined; sequence: number; bytes: number }[] = [];
    const index = await bus.lanes.openIndex(webhook, {
      handle: (message) => {
        const { sequence, payload } = message;
        orders.push({ order: message.header(ORDER_HEADER), sequence, bytes: payload.length });
        return new Promise(() => undefined);
      },
      report: () => undefined,
    });
    await waitFor(() => expect(orders).toHaveLength(20));
    expect(await index.position()).toEqual({ pending: 0, delivered: 20, received: 20 });
    for (const { order, bytes } of orders) {
      expect(order).toMatch(/^\d{13} 1$/);
      expect(bytes).toBe(0);
    }
    const read = await bus.lanes.read(orders[0]!.sequence);
    expect([all.includes(read!.owed.delivery), read?.data]).toEqual([true, data]);
    index.abandon();
    await bus.lanes.close(webhook);
    expect(await bus.lanes.length(webhook)).toBe(20);
  });
});
