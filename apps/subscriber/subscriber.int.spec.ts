import { Bus, INLINE_BYTES } from '#bus';
import { newId, type Fact } from '#domain';
import { createLogger, type RunningApp } from '#observability';
import { findEvent, migrate, openDatabase, type DataSource } from '#persistence';
import {
  routedWebhook,
  routedTenant,
  startNats,
  startPostgres,
  TOPOLOGY,
  waitFor,
  type TestNats,
  type TestPostgres,
} from '#testing';
import { startSubscriber, type SubscriberOptions } from './start-subscriber.js';

let nats: TestNats;
let postgres: TestPostgres;
let bus: Bus;
let database: DataSource;
let options: SubscriberOptions;
let app: RunningApp;

beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  database = await openDatabase(postgres.url, { name: 'spec' });
  options = {
    natsUrl: nats.url,
    databaseUrl: postgres.url,
    topology: TOPOLOGY,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('silent', 'subscriber'),
  };
  for (const id of ['default', 'acme']) await bus.tenants.put(routedTenant({ id }));
  app = await startSubscriber(options);
}, 60_000);

afterAll(async () => {
  await app.stop();
  await database.destroy();
  await bus.close();
  await Promise.all([nats.stop(), postgres.stop()]);
}, 60_000);

const publish = async (data: string) => {
  const id = newId('evt');
  await bus.publishEvent({ tenant: 'acme', type: 'order.created', body: data, dedupId: id });
  return id;
};
const recorded = (id: string) =>
  waitFor(async () => {
    const found = await findEvent(database, 'acme', id);
    expect(found).not.toBeNull();
    return found!;
  }, 20_000);
const metric = async (name: string) => {
  const text = await (await fetch(`${app.url}/metrics`)).text();
  return Number(text.match(new RegExp(`^${name}(?:{[^}]*})? (.*)$`, 'm'))?.[1]);
};

describe('the subscriber', () => {
  it('keeps what comes before the tables are there, and records it when they are', async () => {
    const id = await publish('{"early":true}');
    await waitFor(async () => expect(await metric('tidings_projection_problems_total')).toBeGreaterThan(0));
    await migrate(database);
    expect((await recorded(id)).event).toMatchObject({ data: '{"early":true}', status: 'accepted' });
  }, 30_000);

  it('knows a webhook soon after it is announced, and forgets it when it is removed', async () => {
    const webhook = routedWebhook();
    await bus.webhooks.put(webhook);
    await waitFor(async () => expect(await metric('tidings_routing_webhooks')).toBe(1));
    const { deliveries } = await recorded(await publish('1'));
    expect(deliveries).toEqual([expect.objectContaining({ webhook_id: webhook.id, status: 'pending' })]);
    await bus.webhooks.remove(webhook.tenant, webhook.id);
    await waitFor(async () => expect(await metric('tidings_routing_webhooks')).toBe(0));
    expect((await recorded(await publish('1'))).deliveries).toEqual([]);
  });

  it('records a large event whole', async () => {
    const data = JSON.stringify({ text: 'ü'.repeat(INLINE_BYTES) });
    expect((await recorded(await publish(data))).event.data).toBe(data);
    const id = newId('evt');
    const metadata = JSON.stringify({ trace: '"'.repeat(INLINE_BYTES) });
    await publish(`{"id":"${id}","data":{"a":1},"metadata":${metadata}}`);
    expect((await recorded(id)).event).toMatchObject({ data: '{"a":1}', metadata });
  });

  it('passes over a fact that can never be written, and records those beside it', async () => {
    const problems = await metric('tidings_projection_problems_total');
    const journal = bus.journal('spec');
    const rejection = (id: string, sequence: number): Fact => ({
      kind: 'event.rejected',
      tenant: 'acme',
      id,
      type: 'x',
      accepted_at: Date.now(),
      sequence,
      reason: 'not_json',
      excerpt: '',
    });
    const [before, poison, after] = [newId('evt'), newId('evt'), newId('evt')];
    await Promise.all([
      journal.append(rejection(before, 1)),
      journal.append(rejection(poison, 1e300)),
      journal.append(rejection(after, 2)),
    ]);
    await recorded(before);
    await recorded(after);
    expect(await findEvent(database, 'acme', poison)).toBeNull();
    expect(await metric('tidings_projection_problems_total')).toBeGreaterThan(problems);
    await journal.close(1_000);
  });

  it('is ready while NATS and PostgreSQL answer, and says which does not', async () => {
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(200);
    await postgres.kill();
    const ready = await fetch(`${app.url}/health/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      expect.objectContaining({
        info: { nats: { status: 'up' } },
        error: { postgres: expect.objectContaining({ status: 'down' }) as unknown },
      }),
    ]);
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    await postgres.restart();
    await waitFor(async () => expect((await fetch(`${app.url}/health/ready`)).status).toBe(200));
  }, 30_000);

  it('goes on routing while PostgreSQL is away, and the record catches up', async () => {
    await postgres.kill();
    const routed = await metric('tidings_events_total');
    const ids = await Promise.all([1, 2, 3].map((n) => publish(`${n}`)));
    await waitFor(async () => expect(await metric('tidings_events_total')).toBeGreaterThan(routed));
    await postgres.restart();
    for (const id of ids) await recorded(id);
  }, 40_000);

  it('stops within ten seconds while PostgreSQL is away, and records what was left at its next start', async () => {
    await postgres.kill();
    const id = await publish('"left behind"');
    const began = Date.now();
    await app.stop();
    expect(Date.now() - began).toBeLessThan(10_000);
    await postgres.restart();
    app = await startSubscriber(options);
    await recorded(id);
  }, 60_000);

  it('goes on after NATS was killed and started again', async () => {
    await nats.kill();
    await nats.restart();
    const id = await waitFor(() => publish('"after the crash"'), 20_000);
    await recorded(id);
  }, 60_000);
});
