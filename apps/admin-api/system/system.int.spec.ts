import { Bus } from '#bus';
import { TOPOLOGY, waitFor } from '#testing';
import { startApi, type TestApi } from '../testing/api-for-tests.js';
import type { SystemView } from './system-schemas.js';

let api: TestApi;
let bus: Bus;
beforeAll(async () => {
  api = await startApi();
  bus = await Bus.open({ url: api.nats.url, name: 'spec' }, TOPOLOGY);
}, 60_000);
afterAll(async () => {
  await bus.close();
  await api.stop();
});

const read = async () => (await api.ask('GET', '/api/v1/system')).json as SystemView;
/** What is kept for a second is over. */
const later = () => new Promise((resolve) => setTimeout(resolve, 1_050));

/** A reader of ours, as a subscriber makes it; it takes nothing. */
async function projections(): Promise<void> {
  const consumer = bus.consumer({
    plan: {
      stream: 'JOURNAL',
      durable: 'projections',
      filter: 'journal.>',
      ackWaitMs: 30_000,
      maxAckPending: 1_000,
    },
    capacity: 0,
    handle: () => Promise.reject(new Error('nothing is read')),
    report: () => undefined,
  });
  await consumer.start();
  await consumer.drain(0);
}

describe('GET /system', () => {
  it('shows the streams, the queue, the relay and the record', async () => {
    const { id } = (await api.ask('POST', '/api/v1/events', { type: 'a.b', data: 1 })).json as { id: string };
    expect(id).toBeDefined();
    await waitFor(async () => {
      await later();
      expect((await read()).relay).toMatchObject({ waiting: 0, lag_seconds: 0 });
    }, 10_000);
    const system = await read();
    expect(system).toMatchObject({
      away: [],
      versions: {
        tidings: expect.stringMatching(/^\d/) as string,
        nats: expect.stringMatching(/^2\./) as string,
      },
      lag: { relay_seconds: 0 },
      queue: { ready: 0, lane: 0, later: 0 },
      replicas: { dispatchers: [], partitions: 64, partitions_without_home: 64 },
      jobs: { pending: 0, running: 0 },
    });
    expect(system.versions.postgres).toMatch(/^\d+/);
    expect(system.relay?.sequence).toBeGreaterThan(0);
    expect(system.streams?.map(({ name }) => name)).toEqual(['EVENTS', 'DELIVERIES', 'JOURNAL']);
    expect(system.streams?.[0]).toMatchObject({ messages: 1, max_age_seconds: 86_400, max_bytes: null });
    expect(system.streams?.[1]).toMatchObject({ messages: 0, first_at: null, max_age_seconds: null });
    const tables = system.database?.tables ?? [];
    expect(tables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['attempts', 'deliveries', 'events']),
    );
    for (const { bytes } of tables) expect(bytes).toBeGreaterThanOrEqual(0);
    expect(system.database?.bytes).toBeGreaterThan(1_000_000);
  }, 20_000);

  it('tells how old the oldest fact is that waits, although nobody projects', async () => {
    await projections();
    await later();
    expect((await read()).lag).toMatchObject({ projection_seconds: 0, routing_seconds: null });
    const journal = bus.journal('spec');
    await journal.append({
      ...{ kind: 'event.rejected', tenant: 'acme', id: 'evt_1', type: 'x', accepted_at: 0 },
      ...{ sequence: 1, reason: 'not_json', excerpt: '' },
    });
    await journal.close(1_000);
    await later();
    const { lag, consumers } = await read();
    expect(lag.projection_seconds).toBeGreaterThan(1);
    expect(lag.projection_seconds).toBeLessThan(20);
    expect(consumers).toEqual([
      expect.objectContaining({ name: 'projections', stream: 'JOURNAL', pending: 1, ack_pending: 0 }),
    ]);
    await later();
    expect((await read()).lag.projection_seconds).toBeGreaterThan((lag.projection_seconds ?? 0) + 1);
  });

  it('tells who has which partitions, and how many have no home', async () => {
    const { making } = await bus.homes.leases();
    await bus.homes.announce('key_spec', { making, leaving: false }, 0);
    for (const partition of [0, 1, 2]) await bus.homes.take(partition, 'key_spec', 0);
    await bus.homes.take(3, 'key_dead', 0);
    await later();
    expect((await read()).replicas).toMatchObject({
      dispatchers: [{ id: 'key_spec', leaving: false, partitions: 3 }],
      partitions_without_home: 61,
    });
  });

  it('is for operators', async () => {
    const made = await api.ask('POST', '/api/v1/keys', { name: 'of a tenant', role: 'admin' });
    const { key } = made.json as { key: string };
    const answer = await api.ask('GET', '/api/v1/system', undefined, { authorization: `Bearer ${key}` });
    expect([answer.status, (answer.json as { code: string }).code]).toEqual([403, 'forbidden']);
  });

  it('answers in about two seconds while NATS is away, and says so', async () => {
    await api.nats.kill();
    await later();
    const began = performance.now();
    const system = await read();
    expect(performance.now() - began).toBeLessThan(3_500);
    expect(system).toMatchObject({
      away: ['nats'],
      versions: { nats: null },
      lag: { routing_seconds: null, projection_seconds: null },
      ...{ queue: null, replicas: null, store: null, streams: null, consumers: null },
      jobs: { pending: 0, running: 0 },
    });
    await api.nats.restart();
    await waitFor(async () => expect(await read()).toMatchObject({ away: [] }), 20_000);
  }, 40_000);

  it('answers in about two seconds while PostgreSQL is away, and says so', async () => {
    await api.postgres.kill();
    await later();
    const began = performance.now();
    const system = await read();
    expect(performance.now() - began).toBeLessThan(3_500);
    expect(system).toMatchObject({
      away: ['postgres'],
      versions: { postgres: null },
      ...{ relay: null, database: null, jobs: null },
      queue: { ready: 0 },
    });
    await api.postgres.restart();
    await waitFor(async () => expect(await read()).toMatchObject({ away: [] }), 20_000);
  }, 40_000);
});
