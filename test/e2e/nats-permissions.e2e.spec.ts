import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createLogger, type RunningApp } from '#observability';
import { Keyring } from '#signing';
import {
  startNatsWith,
  startPostgres,
  startReceiver,
  waitFor,
  type ConfiguredNats,
  type Receiver,
  type TestPostgres,
} from '#testing';
import { listenTo } from '../../apps/admin-api/testing/event-stream.js';
import { startAdminApi } from '../../apps/admin-api/start-admin-api.js';
import { startDispatcher } from '../../apps/dispatcher/start-dispatcher.js';
import { startSubscriber } from '../../apps/subscriber/start-subscriber.js';

const SHIPPED = join(import.meta.dirname, '..', '..', 'k8s', 'nats', 'tidings.conf');
const USERS = ['tidings-admin-api', 'tidings-subscriber', 'tidings-dispatcher', 'acme'] as const;
type User = (typeof USERS)[number];
const passwords = Object.fromEntries(
  USERS.map((user) => [user, `p${randomBytes(12).toString('hex')}`]),
) as Record<User, string>;
const OPERATOR_KEY = `tdg_operator_${randomBytes(16).toString('hex')}`;

let nats: ConfiguredNats;
let postgres: TestPostgres;
let receiver: Receiver;
const apps: Record<string, RunningApp> = {};
const clients: NatsConnection[] = [];

beforeAll(async () => {
  [nats, postgres, receiver] = await Promise.all([
    startNatsWith(await readFile(SHIPPED, 'utf8'), {
      TIDINGS_ADMIN_API_PASSWORD: passwords['tidings-admin-api'],
      TIDINGS_SUBSCRIBER_PASSWORD: passwords['tidings-subscriber'],
      TIDINGS_DISPATCHER_PASSWORD: passwords['tidings-dispatcher'],
      TIDINGS_ACME_PASSWORD: passwords.acme,
    }),
    startPostgres(),
    startReceiver(),
  ]);
  const encryptionKeys = `k1:${randomBytes(32).toString('base64')}`;
  const common = {
    topology: { dedupWindowSeconds: 120, eventsMaxAgeHours: 24, journalMaxAgeHours: 24, replicas: 1 },
    egress: { allow: ['127.0.0.0/8'], http: true, ports: 'any' as const },
    host: '127.0.0.1',
    port: 0,
  };
  const natsUrl = (user: User) => `nats://${user}:${passwords[user]}@${nats.host}`;
  const databaseUrl = postgres.url;
  apps['admin-api'] = await startAdminApi({
    owedForHours: 720,
    ...common,
    natsUrl: natsUrl('tidings-admin-api'),
    ...{ databaseUrl, encryptionKeys, operatorKey: OPERATOR_KEY, requestsPerSecond: 1_000 },
    logger: createLogger('silent', 'admin-api'),
  });
  const subscriber = { ...common, natsUrl: natsUrl('tidings-subscriber'), databaseUrl };
  apps['subscriber'] = await startSubscriber({ ...subscriber, logger: createLogger('silent', 'subscriber') });
  apps['dispatcher'] = await startDispatcher({
    ...common,
    natsUrl: natsUrl('tidings-dispatcher'),
    keyring: Keyring.parse(encryptionKeys),
    ...{ concurrency: 64, maxDeliveryAgeHours: 720, transforms: { processes: 1, timeoutMs: 500 } },
    logger: createLogger('silent', 'dispatcher'),
  });
  await api('POST', '/tenants', { id: 'acme', name: 'Acme' }, 'default');
}, 90_000);

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  for (const name of ['dispatcher', 'subscriber', 'admin-api']) await apps[name]?.stop();
  await Promise.all([nats?.stop(), postgres?.stop(), receiver?.stop()]);
}, 60_000);

async function api<Body = { id: string }>(
  method: string,
  path: string,
  body?: unknown,
  tenant = 'acme',
): Promise<Body> {
  const answer = await fetch(`${apps['admin-api']?.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${OPERATOR_KEY}`,
      'tidings-tenant': tenant,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? {} : JSON.parse(text)) as Body;
}

/** Another client that has a user's password, and so that user's rights. */
async function as(user: User): Promise<NatsConnection> {
  const connection = await connect({
    servers: nats.host,
    user,
    pass: passwords[user],
    inboxPrefix: `_INBOX.${user}`,
  });
  clients.push(connection);
  return connection;
}

let made = 0;
async function webhook(change: object = {}): Promise<{ id: string; path: string; type: string }> {
  const [path, type] = [`/hook-${++made}`, `t${made}.happened`];
  const body = { name: path, url: receiver.url + path, event_types: [type], ...change };
  return { ...(await api('POST', '/webhooks', body)), path, type };
}

const arrived = (path: string, count = 1) =>
  waitFor(() => expect(receiver.to(path).length).toBeGreaterThanOrEqual(count), 20_000);

/** Waits until a webhook's newest delivery has a status, and gives its id. */
function delivery(webhook: string, status: string): Promise<string> {
  return waitFor(async () => {
    const path = `/deliveries?webhook_id=${webhook}`;
    const { data } = await api<{ data: { id: string; status: string }[] }>('GET', path);
    expect(data[0]).toMatchObject({ status });
    return data[0]?.id ?? '';
  }, 15_000);
}

describe('under the permissions that are shipped the whole system works', () => {
  it('an event that its tenant publishes on NATS is acknowledged and delivered', async () => {
    const hook = await webhook();
    const publisher = await as('acme');
    const ack = await jetstream(publisher).publish(`events.acme.${hook.type}`, '{"n":1}');
    expect(ack).toMatchObject({ stream: 'EVENTS', duplicate: false });
    await publisher.close();
    await arrived(hook.path);
  });

  it('the admin API hears how far the others have read what it tells', async () => {
    const listener = await as('tidings-admin-api');
    const heard = new Map<string, string[]>();
    for await (const sign of listener.subscribe('tidings.following')) {
      const { process, toldUpTo } = sign.json<{ process: string; toldUpTo: Record<string, number> }>();
      heard.set(process, Object.keys(toldUpTo).sort());
      if (heard.size === 2) break;
    }
    await listener.close();
    const [subscriber, dispatcher] = [
      ['event-types', 'tenants', 'webhooks'],
      ['tenants', 'webhooks'],
    ];
    expect([...heard.values()].sort((a, b) => b.length - a.length)).toEqual([subscriber, dispatcher]);
  });

  it('what fails is retried, and again when a person asks', async () => {
    const hook = await webhook({ retry: { count: 1, initial_delay_seconds: 1, jitter: 0 } });
    receiver.answer({ status: 500 });
    await api('POST', '/events', { type: hook.type, data: {} });
    const id = await delivery(hook.id, 'failed');
    receiver.answer({ status: 204 });
    await api('POST', `/deliveries/${id}/retry`);
    await delivery(hook.id, 'success');
    expect(receiver.to(hook.path)).toHaveLength(3);
  });

  it('that it failed for good is told to whoever wants operational events', async () => {
    const hook = await webhook({ retry: { enabled: false } });
    const ops = await webhook({ event_types: ['tidings.delivery.exhausted'] });
    receiver.answer({ status: 500 });
    await api('POST', '/events', { type: hook.type, data: {} });
    await delivery(hook.id, 'failed');
    receiver.answer({ status: 204 });
    await arrived(ops.path);
    await api('DELETE', `/webhooks/${ops.id}`);
  });

  it('what a paused webhook is owed waits in its lane, and goes out afterwards', async () => {
    const hook = await webhook({ ordered: true });
    await api('POST', `/webhooks/${hook.id}/pause`);
    await api('POST', '/events', { type: hook.type, data: {} });
    await api('POST', `/webhooks/${hook.id}/resume`);
    await arrived(hook.path);
  });

  it('a webhook is tried out, replayed to, and deleted with what it is owed', async () => {
    const hook = await webhook({
      rate_limit: { limit: 100, period_seconds: 1 },
      retry: { schedule_seconds: [3600] },
    });
    const since = new Date(Date.now() - 60_000).toISOString();
    await api('POST', `/webhooks/${hook.id}/test`, {});
    await arrived(hook.path);
    const { id } = await api('POST', '/events', { type: hook.type, data: { pad: 'x'.repeat(20_000) } });
    await waitFor(() => api('GET', `/events/${id}`));
    // What is owed still is not replayed.
    await delivery(hook.id, 'success');
    await api('POST', `/events/${id}/replay`);
    await arrived(hook.path, 3);
    await api('POST', `/webhooks/${hook.id}/replay`, { since, only: 'all' });
    await arrived(hook.path, 4);
    receiver.answer({ status: 500 });
    await api('POST', '/events', { type: hook.type, data: {} });
    await arrived(hook.path, 5);
    await api('DELETE', `/webhooks/${hook.id}`);
    receiver.answer({ status: 204 });
  });

  it('a scheduled retry is cancelled by a person', async () => {
    receiver.answer({ status: 500 });
    const hook = await webhook({ retry: { schedule_seconds: [3600] } });
    await api('POST', '/events', { type: hook.type, data: {} });
    const id = await delivery(hook.id, 'retrying');
    await api('POST', `/deliveries/${id}/cancel`);
    receiver.answer({ status: 204 });
  });

  it('whoever listens to the live feed hears of deliveries, and of those that they missed', async () => {
    const listen = (lastEventId = '') =>
      listenTo(`${apps['admin-api']?.url}/api/v1/deliveries/stream`, {
        authorization: `Bearer ${OPERATOR_KEY}`,
        'tidings-tenant': 'acme',
        'last-event-id': lastEventId,
      });
    const hook = await webhook();
    const live = await listen();
    await api('POST', '/events', { type: hook.type, data: {} });
    const states = (of: typeof live) => of.events.map(({ data }) => (data as { status: string }).status);
    // Two processes tell of it, either first.
    await waitFor(() => expect(states(live).sort()).toEqual(['pending', 'success']));
    const again = await listen(live.events[0]?.id);
    await waitFor(() => expect(again.events).toEqual(live.events.slice(1)));
    live.close();
    again.close();
  });

  it('operators see how the system fares, and metrics tell how far behind its readers are', async () => {
    const system = await api<{ away: string[]; replicas: { dispatchers: unknown[] } }>('GET', '/system');
    expect(system).toMatchObject({ away: [], replicas: { dispatchers: [{ partitions: 64 }] } });
    for (const name of ['admin-api', 'subscriber']) {
      const metrics = await (await fetch(`${apps[name]?.url}/metrics`)).text();
      expect(metrics).toMatch(/^tidings_consumer_lag_seconds{stream="JOURNAL",consumer="refusals"/m);
    }
  });

  it('after NATS was away all of it goes on', async () => {
    const hook = await webhook();
    await nats.restart();
    await waitFor(() => api('POST', '/events', { type: hook.type, data: {} }), 20_000);
    await arrived(hook.path);
  });

  it('and nothing that it tried was refused', async () => {
    expect(await violations()).toEqual([]);
  });
});

async function violations(): Promise<string[]> {
  return (await nats.log()).split('\n').filter((line) => line.includes('Violation'));
}

const OURS = ['EVENTS', 'DELIVERIES', 'JOURNAL', 'KV_webhooks', 'KV_homes'];
const BUCKETS = [
  'webhooks',
  'tenants',
  'event-types',
  'cancellations',
  'breakers',
  'allowances',
  'dispatchers',
  'homes',
];

const FORBIDDEN: Record<User, string[]> = {
  acme: [
    'events.other.thing.happened',
    'events.acme.tidings.webhook.disabled',
    'events.acme',
    'journal.subscriber',
    'deliveries.ready.0.wh_1',
    'deliveries.lane.wh_1',
    'deliveries.later.wh_1.dlv_1',
    'tidings.lane.wh_1',
    'tidings.test-attempts',
    'tidings.previews',
    ...BUCKETS.map((bucket) => `$KV.${bucket}.acme`),
    ...['CREATE', 'UPDATE', 'INFO', 'DELETE', 'PURGE', 'MSG.GET', 'MSG.DELETE'].flatMap((verb) =>
      OURS.map((stream) => `$JS.API.STREAM.${verb}.${stream}`),
    ),
    '$JS.API.CONSUMER.CREATE.EVENTS.mine',
    '$JS.API.CONSUMER.DURABLE.CREATE.EVENTS.mine',
    '$JS.API.CONSUMER.DELETE.EVENTS.routing',
    '$JS.API.DIRECT.GET.EVENTS',
    '$JS.ACK.EVENTS.routing.1.1.1.1.0',
    '_INBOX.tidings-dispatcher.x',
  ],
  'tidings-dispatcher': [
    'events.acme.thing.happened',
    'journal.subscriber',
    'journal.admin-api',
    ...BUCKETS.slice(0, 4).map((bucket) => `$KV.${bucket}.acme`),
    ...['UPDATE', 'DELETE'].flatMap((verb) => OURS.map((stream) => `$JS.API.STREAM.${verb}.${stream}`)),
    '$JS.API.STREAM.PURGE.EVENTS',
    '$JS.API.STREAM.PURGE.JOURNAL',
    '$JS.API.STREAM.MSG.GET.JOURNAL',
    '$JS.API.CONSUMER.CREATE.EVENTS.mine',
    '$JS.API.CONSUMER.DELETE.JOURNAL.projections',
    '_INBOX.tidings-subscriber.x',
  ],
  'tidings-subscriber': [
    'events.acme.thing.happened',
    'journal.dispatcher',
    'tidings.test-attempts',
    ...BUCKETS.map((bucket) => `$KV.${bucket}.acme`),
    ...['UPDATE', 'DELETE', 'PURGE', 'MSG.DELETE'].flatMap((verb) =>
      OURS.map((stream) => `$JS.API.STREAM.${verb}.${stream}`),
    ),
    '$JS.API.CONSUMER.MSG.NEXT.DELIVERIES.ready-0',
    '$JS.ACK.DELIVERIES.ready-0.1.1.1.1.0',
    '_INBOX.tidings-admin-api.x',
  ],
  'tidings-admin-api': [
    'events.acme.tidings.webhook.disabled',
    'deliveries.lane.wh_1',
    'journal.subscriber',
    'journal.dispatcher',
    ...BUCKETS.slice(4).map((bucket) => `$KV.${bucket}.acme`),
    ...OURS.map((stream) => `$JS.API.STREAM.DELETE.${stream}`),
    '$JS.API.STREAM.PURGE.EVENTS',
    '$JS.API.STREAM.PURGE.JOURNAL',
    '$JS.API.CONSUMER.MSG.NEXT.DELIVERIES.ready-0',
    '$JS.ACK.DELIVERIES.ready-0.1.1.1.1.0',
    '_INBOX.tidings-dispatcher.x',
  ],
};

describe.each(USERS)('%s', (user) => {
  it('is refused what it need not publish', async () => {
    const connection = await as(user);
    const before = (await violations()).length;
    for (const subject of FORBIDDEN[user]) connection.publish(subject, '{}');
    await connection.flush();
    const refusals = await waitFor(async () => {
      const all = (await violations()).slice(before).join('\n');
      expect(
        FORBIDDEN[user].filter(
          (subject) => !all.includes(`user:${user}" - Publish Violation - Subject "${subject}"`),
        ),
      ).toEqual([]);
      return all;
    });
    expect(refusals).toContain('Violation');
  });

  it('hears nothing but its own', async () => {
    const connection = await as(user);
    const others = USERS.filter((other) => other !== user).map((other) => `_INBOX.${other}.>`);
    const subjects = [
      '>',
      '_INBOX.>',
      'events.>',
      'journal.>',
      'deliveries.>',
      '$KV.webhooks.>',
      '$JS.>',
      ...others,
    ];
    for (const subject of subjects) {
      const said = Promise.withResolvers<Error | undefined>();
      connection.subscribe(subject, { callback: (error) => said.resolve(error ?? undefined) });
      expect(String(await said.promise)).toMatch(/Permissions Violation/i);
    }
  });
});

it('a publisher that names another subject as the one to answer to has nothing written there', async () => {
  const connection = await as('acme');
  const watching = await as('tidings-admin-api');
  const manager = await jetstreamManager(watching);
  const last = async (stream: string) => (await manager.streams.info(stream)).state.last_seq;
  const before = [await last('JOURNAL'), await last('KV_webhooks'), await last('EVENTS')];
  for (const reply of ['journal.x.y', '$KV.webhooks.acme.wh_1', '$JS.API.STREAM.DELETE.JOURNAL'])
    connection.publish('events.acme.to-nobody', '{"n":1}', { reply });
  await connection.flush();
  await waitFor(async () => expect(await last('EVENTS')).toBe((before[2] ?? 0) + 3));
  // Each is told as routed; the journal has that, and no acknowledgement.
  expect(await manager.streams.info('JOURNAL', { subjects_filter: 'journal.x.*' })).not.toHaveProperty(
    'state.subjects',
  );
  expect(await last('KV_webhooks')).toBe(before[1]);
});
