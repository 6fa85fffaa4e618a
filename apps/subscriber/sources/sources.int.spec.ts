import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, jetstreamManager, type JetStreamClient } from '@nats-io/jetstream';
import { Bus, decodeOwed, DELIVERIES, INLINE_BYTES, type OwedDelivery } from '#bus';
import { loadSources } from '#config';
import { readEvent, type EventSource } from '#domain';
import { createLogger, type RunningApp } from '#observability';
import {
  readJournal,
  routedTenant,
  routedWebhook,
  startNats,
  TOPOLOGY,
  waitFor,
  type JournalReader,
  type TestNats,
} from '#testing';
import { startSubscriber, type SubscriberOptions } from '../start-subscriber.js';

/** The file that docs/sources.md shows. */
const EXAMPLE = new URL('../../../docs/examples/sources.json', import.meta.url).pathname;

let nats: TestNats;
let bus: Bus;
let own: NatsConnection;
let js: JetStreamClient;
let journal: JournalReader;
let subscriber: RunningApp;
let options: SubscriberOptions;
const owed: { owed: OwedDelivery; data: Buffer }[] = [];
const accepted = (id: string) => journal.of('event.accepted').filter((fact) => fact.id === id);
const rejected = () => journal.of('event.rejected');

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  journal = await readJournal(bus);
  const { host, username: user, password: pass } = new URL(nats.url);
  own = await connect({ servers: host, user, pass });
  js = jetstream(own);
  const manager = await jetstreamManager(own);
  await manager.streams.add({ name: 'SHOP', subjects: ['shop.>'] });
  await manager.streams.add({ name: 'BILLING', subjects: ['billing.>'] });
  await js.publish('shop.acme.order.early', '{"n":0}', { msgID: 'early' });
  await js.publish('billing.early', '{"n":0}', { msgID: 'too-early' });
  for (const id of ['default', 'acme']) await bus.tenants.put(routedTenant({ id }));
  await bus.webhooks.put(routedWebhook({ tenant: 'acme', event_types: ['order.>'] }));
  const deliveries = bus.consumer({
    plan: {
      stream: DELIVERIES,
      durable: 'spec',
      filter: 'deliveries.ready.>',
      ackWaitMs: 30_000,
      maxAckPending: 100,
    },
    capacity: 100,
    handle: (message) => {
      owed.push(decodeOwed(message.payload));
      return Promise.resolve({ kind: 'done' });
    },
    report: () => undefined,
  });
  await deliveries.start();
  options = {
    natsUrl: nats.url,
    databaseUrl: 'postgres://nobody@127.0.0.1:1/none',
    topology: TOPOLOGY,
    sources: loadSources(EXAMPLE),
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('silent', 'subscriber'),
  };
  subscriber = await startSubscriber(options);
}, 60_000);
afterAll(async () => {
  await subscriber.stop();
  await own.close();
  await journal.stop();
  await bus.close();
  await nats.stop();
});

describe('a message of a bound stream', () => {
  it('is routed as an event, tenant and type read from its subject', async () => {
    await js.publish('shop.acme.order.paid', '{"total":1.0}', { msgID: 'paid-1' });
    await waitFor(() =>
      expect(accepted('paid-1')).toMatchObject([{ tenant: 'acme', type: 'order.paid', match_count: 1 }]),
    );
    await waitFor(() => expect(owed.find((one) => one.owed.event === 'paid-1')).toBeDefined());
    expect(owed.find((one) => one.owed.event === 'paid-1')?.data.toString()).toBe('{"total":1.0}');
  });

  it('that says its type in a header is routed by that', async () => {
    const header = headers();
    header.set('Event-Type', 'invoice.sent');
    await js.publish('billing.x', '7', { msgID: 'invoice-1', headers: header });
    await waitFor(() =>
      expect(accepted('invoice-1')).toMatchObject([{ tenant: 'default', type: 'invoice.sent' }]),
    );
  });

  it('that was there before is read where the source begins with all, and not where it begins with what is new', async () => {
    await waitFor(() => expect(accepted('early')).toHaveLength(1));
    expect(accepted('too-early')).toEqual([]);
    expect(rejected().some((fact) => fact.excerpt === '{"n":0}')).toBe(false);
  });

  it('without an id has one that follows from stream and place, so two streams never share one', async () => {
    const one = await js.publish('shop.acme.order.bare', '{"bare":1}');
    const header = headers();
    header.set('Event-Type', 'order.bare');
    const other = await js.publish('billing.bare', '{"bare":2}', { headers: header });
    const found = () => journal.of('event.accepted').filter((fact) => fact.type === 'order.bare');
    await waitFor(() => expect(found()).toHaveLength(2));
    expect(
      found()
        .map((fact) => [fact.stream, fact.sequence])
        .sort(),
    ).toEqual([
      ['BILLING', other.seq],
      ['SHOP', one.seq],
    ]);
    expect(new Set(found().map((fact) => fact.id)).size).toBe(2);
  });

  it('with a large payload travels by reference to its own stream', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(INLINE_BYTES) });
    await js.publish('shop.acme.order.large', body, { msgID: 'large-1' });
    await waitFor(() => expect(owed.find((one) => one.owed.event === 'large-1')).toBeDefined());
    const { owed: large } = owed.find((one) => one.owed.event === 'large-1') ?? { owed: undefined };
    expect(large).toMatchObject({ by_reference: true, stream: 'SHOP' });
    const stored = large && (await bus.events.read({ ...large, type: large.event_type }));
    expect(stored && readEvent(stored)).toMatchObject({
      ok: true,
      event: { data: body, type: 'order.large' },
    });
  });

  it('that says no type is recorded as rejected, and blocks nothing', async () => {
    await js.publish('billing.untyped', '{"untyped":1}');
    await waitFor(() =>
      expect(rejected().find((fact) => fact.excerpt === '{"untyped":1}')).toMatchObject({
        tenant: 'default',
        reason: 'invalid_subject',
      }),
    );
  });

  it('is read once by two subscribers, and not again after a restart', async () => {
    const second = await startSubscriber(options);
    for (let i = 0; i < 20; i++) await js.publish('shop.acme.order.shared', `${i}`, { msgID: `shared-${i}` });
    const shared = () => journal.of('event.accepted').filter((fact) => fact.type === 'order.shared');
    await waitFor(() => expect(shared()).toHaveLength(20));
    await second.stop();
    await subscriber.stop();
    subscriber = await startSubscriber(options);
    await js.publish('shop.acme.order.after', '1', { msgID: 'after-1' });
    await waitFor(() => expect(accepted('after-1')).toHaveLength(1));
    expect(shared()).toHaveLength(20);
  }, 30_000);
});

describe('a source that cannot be read', () => {
  const starting = (change: Partial<EventSource>) => {
    const [shop] = loadSources(EXAMPLE);
    return startSubscriber({ ...options, sources: shop ? [{ ...shop, ...change }] : [] });
  };

  it('for its stream is not there, is told in one sentence', async () => {
    await expect(starting({ stream: 'NOWHERE' })).rejects.toThrow(
      'The source shop reads the stream NOWHERE, but NATS has no such stream.',
    );
  });

  it('for NATS refuses its filters, is told with what NATS says', async () => {
    const filters = { name: 'overlapping', filter_subjects: ['shop.acme.>', 'shop.acme.order'] };
    await expect(starting(filters)).rejects.toThrow('The source overlapping cannot read the stream SHOP');
  });
});
