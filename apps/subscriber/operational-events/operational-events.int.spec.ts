import { Bus, done, EVENTS, JOURNAL, type BusMessage, type Consumer, type JournalWriter } from '#bus';
import {
  decideWebhook,
  DEFAULT_RETRY,
  deliveryIdOf,
  newId,
  PLAIN_WEBHOOK,
  readEvent,
  type AttemptFinished,
  type DomainEvent,
  type OperationalData,
} from '#domain';
import { createLogger, type RunningApp } from '#observability';
import {
  changeWebhook,
  disableWebhook,
  findEvent,
  migrate,
  openDatabase,
  type DataSource,
} from '#persistence';
import {
  routedTenant,
  routedWebhook,
  startNats,
  startPostgres,
  TOPOLOGY,
  waitFor,
  type TestNats,
  type TestPostgres,
} from '#testing';
import { startSubscriber, type SubscriberOptions } from '../start-subscriber.js';
import { Announcer } from './announcer.js';
import { OperationalFacts } from './operational-facts.js';
import { OperationalPublisher } from './operational-publisher.js';

let nats: TestNats;
let postgres: TestPostgres;
let bus: Bus;
let database: DataSource;
let dispatcher: JournalWriter;
let webhooks: JournalWriter;
let app: RunningApp;
let options: SubscriberOptions;
let reader: Consumer;
/** All operational messages of EVENTS, each as it lies there. */
const published: DomainEvent[] = [];
beforeAll(async () => {
  [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  await bus.tenants.put(routedTenant({ id: 'default' }));
  [dispatcher, webhooks] = [bus.journal('dispatcher'), bus.journal('webhooks')];
  options = {
    ...{ natsUrl: nats.url, databaseUrl: postgres.url, topology: TOPOLOGY, host: '127.0.0.1', port: 0 },
    logger: createLogger('silent', 'subscriber'),
  };
  app = await startSubscriber(options);
  reader = bus.consumer({
    plan: {
      ...{ stream: EVENTS, durable: 'spec', filter: 'events.*.tidings.>' },
      ...{ ackWaitMs: 30_000, maxAckPending: 1_000 },
    },
    capacity: 100,
    handle: (message) => {
      const stored = message.asEvent();
      const read = stored && readEvent(stored);
      if (read?.ok) published.push(read.event);
      return Promise.resolve(done);
    },
    report: () => undefined,
  });
  await reader.start();
}, 60_000);
afterAll(async () => {
  await app.stop();
  await reader.drain(1_000);
  await Promise.all([dispatcher.close(1_000), webhooks.close(1_000)]);
  await database.destroy();
  await bus.close();
  await Promise.all([nats.stop(), postgres.stop()]);
}, 60_000);

const create = async () => {
  const id = newId('wh');
  const definition = {
    ...{ ...PLAIN_WEBHOOK, name: id, url: 'https://example.com/', event_types: ['order.*'] },
    ...{ status: 'active' as const, timeout_seconds: 30, retry: DEFAULT_RETRY },
  };
  await changeWebhook(
    database,
    'default',
    id,
    (state) =>
      decideWebhook(state, {
        ...{ kind: 'create', tenant: 'default', webhook: id, actor: 'ann', at: Date.now() },
        ...{ secret: 'generated', definition },
      }),
    () => ({ signing: new Map([[1, 'sealed']]), credentials: new Map() }),
  );
  return id;
};
const resume = (webhook: string) =>
  changeWebhook(database, 'default', webhook, (state) =>
    decideWebhook(state, {
      ...{ kind: 'change', tenant: 'default', webhook, actor: 'ann', at: Date.now() },
      change: { status: 'active' },
    }),
  );
const disable = (webhook: string) =>
  disableWebhook(database, 'default', webhook, { reason: 'receiver_gone', observed_at: Date.now() });
const ended = (
  webhook: string,
  outcome: 'success' | 'failed',
  event_type = 'order.paid',
): AttemptFinished => {
  const event = newId('evt');
  const at = Date.now();
  const failed = outcome === 'failed';
  return {
    kind: 'attempt.finished',
    ...{
      tenant: 'default',
      delivery: deliveryIdOf(event, webhook, at),
      event,
      event_type,
      webhook,
      created_at: at,
    },
    attempt: {
      ...{ id: newId('att'), number: 1, trigger: 'auto', started_at: at, duration_ms: 0 },
      request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '' },
      response: failed ? null : { status: 200, headers: {}, body: '', truncated: false },
      error: failed ? { kind: 'connect', message: 'refused' } : null,
    },
    ...{ outcome, next_attempt_at: null, reason: failed ? 'retries_exhausted' : null },
  };
};
const toldOf = (webhook: string) =>
  published
    .map(({ id, type, data }) => ({
      id,
      type,
      data: JSON.parse(data) as OperationalData[keyof OperationalData],
    }))
    .filter(({ data }) => data.webhook_id === webhook);
const typesOf = (webhook: string) => toldOf(webhook).map(({ type }) => type);

describe('operational events', () => {
  it('tell of a delivery that failed for good, are on record, and are owed to those who name them', async () => {
    const [webhook, ops, all] = [
      newId('wh'),
      routedWebhook({ tenant: 'default', event_types: ['tidings.delivery.*'] }),
      routedWebhook({ tenant: 'default', event_types: ['*'] }),
    ];
    await Promise.all([bus.webhooks.put(ops), bus.webhooks.put(all)]);
    const fact = ended(webhook, 'failed');
    await dispatcher.append(fact);
    await waitFor(() => expect(typesOf(webhook)).toEqual(['tidings.delivery.exhausted']));
    const [told] = toldOf(webhook);
    expect(told?.data).toMatchObject({
      delivery_id: fact.delivery,
      reason: 'retries_exhausted',
      attempt_count: 1,
    });
    await waitFor(async () => {
      const found = await findEvent(database, 'default', told?.id ?? '');
      expect(found?.event).toMatchObject({ status: 'accepted', type: 'tidings.delivery.exhausted' });
      expect(found?.deliveries.map(({ webhook_id }) => webhook_id)).toEqual([ops.id]);
    });
    await Promise.all([ops, all].map(({ tenant, id }) => bus.webhooks.remove(tenant, id)));
  });

  it('are not refused by a tenant that is strict about event types', async () => {
    await bus.tenants.put(routedTenant({ id: 'default', version: 2, strict_event_types: true }));
    const webhook = newId('wh');
    await webhooks.append({
      kind: 'circuit.opened',
      tenant: 'default',
      webhook,
      at: Date.now(),
      failures: 10,
      probe_at: 0,
    });
    await waitFor(() => expect(typesOf(webhook)).toEqual(['tidings.circuit.opened']));
    await waitFor(async () => {
      const found = await findEvent(database, 'default', toldOf(webhook)[0]?.id ?? '');
      expect(found?.event.status).toBe('accepted');
    });
    await bus.tenants.put(routedTenant({ id: 'default', version: 3 }));
  });

  it('are made of no deliveries of operational events', async () => {
    const [silent, webhook] = [newId('wh'), newId('wh')];
    await dispatcher.append(ended(silent, 'failed', 'tidings.delivery.exhausted'));
    await dispatcher.append(ended(webhook, 'failed'));
    await waitFor(() => expect(typesOf(webhook)).toHaveLength(1));
    expect(typesOf(silent)).toEqual([]);
  });

  it('tell in their order that a webhook was disabled, that a person enabled it, and that it succeeds again', async () => {
    const webhook = await create();
    await disable(webhook);
    await resume(webhook);
    await waitFor(
      () => expect(typesOf(webhook)).toEqual(['tidings.webhook.disabled', 'tidings.webhook.enabled']),
      15_000,
    );
    await waitFor(async () =>
      expect(
        await database.query(`SELECT FROM webhook_troubles WHERE webhook_id = $1`, [webhook]),
      ).toHaveLength(1),
    );
    await dispatcher.append(ended(webhook, 'success'));
    await waitFor(() => expect(typesOf(webhook).at(-1)).toBe('tidings.webhook.recovered'), 15_000);
    expect(toldOf(webhook).at(-1)?.data).toMatchObject({ from: 'disabled' });
    await dispatcher.append(ended(webhook, 'success'));
    await waitFor(async () =>
      expect(await database.query(`SELECT FROM webhook_troubles WHERE webhook_id = $1`, [webhook])).toEqual(
        [],
      ),
    );
    expect(typesOf(webhook)).toHaveLength(3);
  }, 60_000);

  it.each([
    ['a body that says so of itself', 'order.paid', '{"type":"tidings.webhook.disabled","data":{}}'],
    ['a subject of theirs', 'tidings.webhook.disabled', '{"data":{}}'],
  ])('are not what others publish with %s: that is recorded as rejected', async (_how, type, body) => {
    const { sequence } = await bus.publishEvent({ tenant: 'default', type, body, dedupId: newId('evt') });
    await waitFor(async () =>
      expect(
        await database.query(`SELECT status, reason FROM events WHERE sequence = $1`, [sequence]),
      ).toEqual([{ status: 'rejected', reason: 'reserved_type' }]),
    );
  });
});

describe('a subscriber that dies', () => {
  it('between publishing and acknowledging facts loses no event and makes none twice', async () => {
    const webhook = newId('wh');
    const facts = new OperationalFacts(new OperationalPublisher(bus, () => undefined));
    let died = 0;
    const consumer = bus.consumer({
      plan: {
        ...{ stream: JOURNAL, durable: 'dies', filter: 'journal.dies' },
        ...{ ackWaitMs: 1_000, maxAckPending: 10 },
      },
      capacity: 10,
      handle: async (message: BusMessage) => {
        const outcome = await facts.heed(message);
        if (died++ === 0) throw new Error('died before the acknowledgement');
        return outcome;
      },
      report: () => undefined,
    });
    await consumer.start();
    const writer = bus.journal('dies');
    await Promise.all([1, 2, 3].map(() => writer.append(ended(webhook, 'failed'))));
    await waitFor(() => expect(died).toBe(2), 15_000);
    await waitFor(() => expect(typesOf(webhook)).toHaveLength(3));
    await writer.append(ended(webhook, 'failed'));
    await waitFor(() => expect(typesOf(webhook)).toHaveLength(4));
    expect(new Set(toldOf(webhook).map(({ id }) => id)).size).toBe(4);
    await Promise.all([consumer.drain(1_000), writer.close(1_000)]);
  }, 30_000);

  it('between publishing decisions and remembering how far it came loses none and makes none twice', async () => {
    const ids = [await create(), await create(), await create()];
    let deaths = 0;
    const real = new OperationalPublisher(bus, () => undefined);
    const dying = Object.create(real, {
      publish: {
        value: async (event: Parameters<OperationalPublisher['publish']>[0]) => {
          await real.publish(event);
          if (event.data.webhook_id === ids[1] && deaths++ === 0) throw new Error('died');
        },
      },
    }) as OperationalPublisher;
    const announcer = new Announcer({ database, publisher: dying, report: () => undefined });
    await app.stop();
    for (const id of ids) await disable(id);
    await expect(announcer.announce()).rejects.toThrow('died');
    await announcer.announce();
    app = await startSubscriber(options);
    await waitFor(
      () => expect(ids.map(typesOf)).toEqual(ids.map(() => ['tidings.webhook.disabled'])),
      15_000,
    );
  }, 30_000);
});
