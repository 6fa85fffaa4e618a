import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Bus, DELIVERIES, done, type OwedDelivery } from '#bus';
import { deliveryIdOf, newId } from '#domain';
import { startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import type { Lane } from './lane.js';
import type { SessionParts } from './lane-session.js';
import { OrderedSession } from './ordered-session.js';

let nats: TestNats;
let bus: Bus;
let client: NatsConnection;
let manager: JetStreamManager;
beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  const { host, username, password } = new URL(nats.url);
  client = await connect({ servers: host, user: username, pass: password });
  manager = await jetstreamManager(client);
}, 30_000);
afterAll(async () => {
  await bus.close();
  await client.close();
  await nats.stop();
});

const webhook = newId('wh');
const lane = { id: webhook, waiting: 0, notBefore: 0 } as Lane;

function owedAs(sequence: number): OwedDelivery {
  const event = `evt_${sequence}`;
  const created_at = Date.now();
  return {
    ...{ delivery: deliveryIdOf(event, webhook, created_at), tenant: 'acme', event, webhook },
    ...{
      event_type: 'order.created',
      timestamp: '2026-11-22T09:00:00.000Z',
      created_at,
      owed_at: created_at,
    },
    ...{ attempt: 1, trigger: 'auto', sequence, by_reference: false },
  };
}

/** All is routed; what is carried out is over. */
function partsOf(carried: string[]): SessionParts {
  const routed = Number.MAX_SAFE_INTEGER;
  return {
    bus: {
      lanes: bus.lanes,
      routingFloors: { read: () => Promise.resolve({ floor: routed, last: routed }) },
    } as unknown as SessionParts['bus'],
    carryOut: ({ event }) => {
      carried.push(event);
      return Promise.resolve({ outcome: done, retryAt: null });
    },
    isHome: () => true,
    report: () => undefined,
  };
}

describe('the lane of an ordered webhook that is closed while NATS is away', () => {
  it('asks for nothing beside the one that is opened afterwards', async () => {
    const before: string[] = [];
    const first = await OrderedSession.open(lane, partsOf(before));
    await nats.kill();
    await expect(first.close(0)).rejects.toThrow();
    await nats.restart();
    await waitFor(() => expect(bus.connection.isStanding).toBe(true), 15_000);

    const after: string[] = [];
    const second = await OrderedSession.open(lane, partsOf(after));
    const events = Array.from({ length: 40 }, (_, n) => `evt_${n}`);
    for (let n = 0; n < events.length; n++) await bus.deliveries.owe(owedAs(n), Buffer.from('{}'), true);
    await waitFor(() => expect(after).toEqual(events), 15_000);
    expect(before).toEqual([]);
    // One that goes on asks again after a moment.
    await sleep(1_000);
    expect(await manager.consumers.info(DELIVERIES, `lane-${webhook}`)).toMatchObject({ num_waiting: 1 });
    await second.close(1_000);
  }, 60_000);
});
