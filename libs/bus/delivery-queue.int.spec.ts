import { setTimeout as sleep } from 'node:timers/promises';
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
  const drain = (webhook: string, seen: OwedDelivery[], wanted = () => true) =>
    bus.lanes.drain(webhook, wanted, {
      capacity: 10,
      handle: (message) => {
        seen.push(decodeOwed(message.payload).owed);
        return Promise.resolve(done);
      },
      report: () => undefined,
    });
  const fill = async (count: number) => {
    const first = owedDelivery();
    const all = Array.from({ length: count }, () => owedDelivery({ webhook: first.webhook }));
    await Promise.all(all.map((owed) => bus.deliveries.hold(owed, data)));
    return { webhook: first.webhook, all: all.map(({ delivery }) => delivery) };
  };

  it('keeps what is held until it is drained, and is then no more', async () => {
    const { webhook, all } = await fill(30);
    expect((await bus.lanes.lengths()).get(webhook)).toBe(30);
    const seen: OwedDelivery[] = [];
    await drain(webhook, seen);
    expect(new Set(seen.map(({ delivery }) => delivery))).toEqual(new Set(all));
    expect((await bus.lanes.lengths()).has(webhook)).toBe(false);
    await drain(webhook, seen);
    expect(seen).toHaveLength(30);
  });

  it('hands each delivery to one of two who drain it at once', async () => {
    const { webhook, all } = await fill(200);
    const seen: OwedDelivery[] = [];
    await Promise.all([drain(webhook, seen), drain(webhook, seen)]);
    expect(seen.map(({ delivery }) => delivery).sort()).toEqual([...all].sort());
  });

  it('keeps the rest when draining is no longer wanted', async () => {
    const { webhook } = await fill(500);
    const seen: OwedDelivery[] = [];
    await drain(webhook, seen, () => seen.length === 0);
    const left = (await bus.lanes.lengths()).get(webhook) ?? 0;
    expect(left + seen.length).toBe(500);
    await drain(webhook, seen);
    expect(new Set(seen.map(({ delivery }) => delivery)).size).toBe(500);
  });
});
