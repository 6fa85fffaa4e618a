import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import { newId } from '#domain';
import { startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Bus } from './bus.js';
import { openWires, type Wires } from './connection.js';
import type { OwedDelivery } from './owed-delivery.js';
import { DELIVERIES } from './subjects.js';
import { owedDelivery } from './testing/owed-for-tests.js';
import { ensureConsumer } from './topology.js';

let nats: TestNats;
let bus: Bus;
let wires: Wires;
let manager: JetStreamManager;
beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  wires = await openWires({ url: nats.url, name: 'spec' });
  manager = wires.manager;
});
afterAll(async () => {
  await wires.connection.close();
  await bus.close();
  await nats.stop();
});

const DATA = Buffer.from('{"total":1}');
const HOUR_MS = 3_600_000;
const always = () => true;
const hold = (webhook: string, count: number) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const owed = owedDelivery({ webhook });
      await bus.deliveries.hold(owed, DATA);
      return owed.delivery;
    }),
  );
const schedule = (webhook: string, count: number, inMs: number) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const owed = owedDelivery({ webhook, attempt: 2 });
      await bus.deliveries.later(owed, DATA, Date.now() + inMs);
      return owed.delivery;
    }),
  );
const left = async (webhook: string) => {
  const { state } = await manager.streams.info(DELIVERIES, { subjects_filter: `deliveries.*.>` });
  const subjects = Object.entries(state.subjects ?? {}).filter(([subject]) => subject.includes(webhook));
  return subjects.reduce((sum, [, count]) => sum + count, 0);
};
const consumers = async () => {
  const names: string[] = [];
  for await (const { name } of manager.consumers.list(DELIVERIES)) names.push(name);
  return names;
};
/** Takes all and tells which those were. */
const takeAll = async (webhook: string, wanted = always) => {
  const taken: OwedDelivery[] = [];
  const count = await bus.owed.takeAll(
    webhook,
    (owed) => {
      taken.push(owed);
      return Promise.resolve();
    },
    wanted,
  );
  expect(count).toBe(taken.length);
  return taken.map(({ delivery }) => delivery).sort();
};

describe('what a webhook is owed', () => {
  it('is taken out of its lane and its schedules, all of it, and of no other webhook', async () => {
    const [webhook, other] = [newId('wh'), newId('wh')];
    const owed = [...(await hold(webhook, 700)), ...(await schedule(webhook, 700, HOUR_MS))];
    await Promise.all([hold(other, 3), schedule(other, 3, HOUR_MS)]);
    expect(await takeAll(webhook)).toEqual(owed.sort());
    expect(await left(webhook)).toBe(0);
    expect(await left(other)).toBe(6);
    expect(await consumers()).toEqual([]);
  }, 30_000);

  it('does not come back: a schedule that was taken never falls due', async () => {
    const [webhook, kept] = [newId('wh'), newId('wh')];
    const owed = await schedule(webhook, 20, 2_500);
    const due = await schedule(kept, 1, 3_500);
    expect(await takeAll(webhook)).toEqual(owed.sort());
    // The kept one falls due a second after those would have.
    const fired = { subjects_filter: `deliveries.ready.*.${kept}` };
    await waitFor(async () => {
      const { state } = await manager.streams.info(DELIVERIES, fired);
      expect(Object.keys(state.subjects ?? {})).toHaveLength(due.length);
    });
    expect(await left(webhook)).toBe(0);
  }, 20_000);

  it('that is nothing costs no consumer', async () => {
    expect(await takeAll(newId('wh'))).toEqual([]);
    expect(await consumers()).toEqual([]);
  });

  it('is taken although a consumer of its lane was left behind', async () => {
    const webhook = newId('wh');
    const owed = await hold(webhook, 5);
    await ensureConsumer(manager, {
      stream: DELIVERIES,
      durable: `lane-${webhook}`,
      filter: `deliveries.lane.${webhook}`,
      ackWaitMs: 30_000,
      maxAckPending: 100,
    });
    expect(await takeAll(webhook)).toEqual(owed.sort());
    expect(await consumers()).toEqual([]);
  });

  it('stays owed from the moment that it is no longer wanted', async () => {
    const webhook = newId('wh');
    await hold(webhook, 1_200);
    let taken = 0;
    const count = await bus.owed.takeAll(
      webhook,
      () => {
        taken++;
        return Promise.resolve();
      },
      () => taken < 100,
    );
    expect(count).toBe(500);
    expect(await left(webhook)).toBe(700);
    expect(await consumers()).toEqual([]);
  });

  it('stays owed when it could not be taken, and can be taken then', async () => {
    const webhook = newId('wh');
    const owed = await hold(webhook, 3);
    await expect(
      bus.owed.takeAll(webhook, () => Promise.reject(new Error('the journal is away')), always),
    ).rejects.toThrow('the journal is away');
    expect(await left(webhook)).toBe(3);
    expect(await takeAll(webhook)).toEqual(owed.sort());
  });

  it('is taken once by two that take at once', async () => {
    const webhook = newId('wh');
    const owed = await hold(webhook, 400);
    const taken: string[] = [];
    const take = async ({ delivery }: OwedDelivery) => {
      await sleep(5);
      taken.push(delivery);
    };
    const done = await Promise.allSettled([1, 2].map(() => bus.owed.takeAll(webhook, take, always)));
    expect(done.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect([...new Set(taken)].sort()).toEqual(owed.sort());
    expect(await left(webhook)).toBe(0);
  });
});
