import { setTimeout as sleep } from 'node:timers/promises';
import { Bus, done, partitionOf, type OwedDelivery } from '#bus';
import { deliveryIdOf, newId } from '#domain';
import { routedWebhook, startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Front } from '../front/front.js';
import { LaneKeeper } from './lane-keeper.js';

const WAITING = 20;

let nats: TestNats;
let bus: Bus;
const front = new Front(8);

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
}, 30_000);

afterAll(async () => {
  front.close();
  await bus.close();
  await nats.stop();
});

/** A webhook with deliveries in its lane, and a home for it that takes each for a while. */
async function waiting() {
  const webhook = routedWebhook({ id: newId('wh'), concurrency: 1 });
  for (let n = 1; n <= WAITING; n++) {
    const [event, created_at] = [newId('evt'), Date.now()];
    const owed: OwedDelivery = {
      delivery: deliveryIdOf(event, webhook.id, created_at),
      tenant: webhook.tenant,
      event,
      event_type: 'order.created',
      timestamp: '2026-11-22T09:00:00.000Z',
      webhook: webhook.id,
      created_at,
      owed_at: created_at,
      attempt: 1,
      trigger: 'auto',
      sequence: n,
      by_reference: false,
    };
    await bus.deliveries.hold(owed, Buffer.from('1'));
  }
  const taken: string[] = [];
  const keeper = new LaneKeeper({
    bus,
    front,
    allowances: bus.allowances,
    breakers: bus.breakers,
    journal: bus.journal('webhooks'),
    hourlyLimit: () => null,
    isHome: () => true,
    find: () => ({ webhook, renderer: null, signer: null, extra: null }),
    cancelAll: () => Promise.resolve(),
    report: () => undefined,
  });
  keeper.start(async (owed, _data, _message, turn) => {
    const granted = await turn();
    taken.push(owed.event);
    await sleep(20);
    granted?.end({ status: 204 });
    return { outcome: done, retryAt: null };
  });
  return { webhook, keeper, taken };
}

describe('a lane that is left', () => {
  it('while it is being opened is not drained on beside its next home', async () => {
    const { webhook, keeper, taken } = await waiting();
    await keeper.look();
    expect(keeper.counts.draining).toBe(1);
    await keeper.leave(partitionOf(webhook.id), 5_000);
    keeper.forgetPartition(partitionOf(webhook.id));
    const { length } = taken;
    expect(length).toBeLessThan(WAITING);
    await sleep(600);
    expect(taken).toHaveLength(length);
    await keeper.stop(0);
  });

  it('stays the one lane of its webhook until what is in hand of its partition is over', async () => {
    const { webhook, keeper } = await waiting();
    const partition = partitionOf(webhook.id);
    const lane = await keeper.of(webhook);
    await keeper.leave(partition, 5_000);
    expect(await keeper.of(webhook)).toBe(lane);
    keeper.forgetPartition(partition);
    expect(await keeper.of(webhook)).not.toBe(lane);
    await keeper.stop(0);
  });

  it('goes on when its partition comes again', async () => {
    const { webhook, keeper, taken } = await waiting();
    const partition = partitionOf(webhook.id);
    await keeper.look();
    await keeper.leave(partition, 5_000);
    keeper.forgetPartition(partition);
    keeper.arrived(partition);
    await waitFor(() => expect(new Set(taken).size).toBe(WAITING));
    await keeper.stop(0);
  });
});
