import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type RunningApp } from '#observability';
import { Keyring } from '#signing';
import {
  startMailServer,
  startNats,
  startPostgres,
  startReceiver,
  TOPOLOGY,
  waitFor,
  type Receiver,
  type TestMailServer,
  type TestNats,
  type TestPostgres,
} from '#testing';
import { startAdminApi } from '../../apps/admin-api/start-admin-api.js';
import { startDispatcher } from '../../apps/dispatcher/start-dispatcher.js';
import { startSubscriber } from '../../apps/subscriber/start-subscriber.js';

const OPERATOR_KEY = `tdg_operator_${randomBytes(16).toString('hex')}`;

let nats: TestNats;
let postgres: TestPostgres;
let receiver: Receiver;
let mail: TestMailServer;
const apps: Record<string, RunningApp> = {};

beforeAll(async () => {
  [nats, postgres, receiver, mail] = await Promise.all([
    startNats(),
    startPostgres(),
    startReceiver(),
    startMailServer(),
  ]);
  const encryptionKeys = `k1:${randomBytes(32).toString('base64')}`;
  const common = {
    ...{ natsUrl: nats.url, topology: TOPOLOGY, host: '127.0.0.1', port: 0 },
    egress: { allow: ['127.0.0.0/8'], http: true, ports: 'any' as const },
  };
  const databaseUrl = postgres.url;
  const logger = (app: string) => createLogger('silent', app);
  apps['admin-api'] = await startAdminApi({
    ...{ ...common, databaseUrl, owedForHours: 720, encryptionKeys },
    ...{ operatorKey: OPERATOR_KEY, requestsPerSecond: 1_000, logger: logger('admin-api') },
  });
  apps['subscriber'] = await startSubscriber({
    ...{ ...common, databaseUrl, logger: logger('subscriber') },
    mail: {
      ...{ url: mail.url, from: 'tidings@example.org' },
      ...{ gatherMs: 5_000, quietMs: 3_600_000, everyMs: 100 },
    },
  });
  apps['dispatcher'] = await startDispatcher({
    ...{ ...common, keyring: Keyring.parse(encryptionKeys), logger: logger('dispatcher') },
    ...{ concurrency: 64, maxDeliveryAgeHours: 720, transforms: { processes: 1, timeoutMs: 500 } },
  });
}, 90_000);
afterAll(async () => {
  for (const name of ['dispatcher', 'subscriber', 'admin-api']) await apps[name]?.stop();
  await Promise.all([nats?.stop(), postgres?.stop(), receiver?.stop(), mail?.stop()]);
}, 60_000);

async function api<Body = { id: string }>(
  method: string,
  path: string,
  tenant: string,
  body?: unknown,
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

const NO_RETRY = { retry: { enabled: false } };
const webhook = async (tenant: string, name: string, event_types: string[]) => {
  const { id } = await api('POST', '/webhooks', tenant, {
    ...{ name, url: `${receiver.url}/${tenant}-${name}`, event_types, ...NO_RETRY },
  });
  return id;
};
const toldTo = (path: string) =>
  receiver
    .to(path)
    .map(({ body }) => JSON.parse(body.toString()) as { type: string; data: Record<string, unknown> });
const operationalOf = async (tenant: string) => {
  const all: { id: string; type: string }[] = [];
  let cursor = '';
  do {
    const page = await api<{ data: typeof all; next_cursor: string | null }>(
      'GET',
      `/events?limit=250${cursor}`,
      tenant,
    );
    all.push(...page.data.filter(({ type }) => type.startsWith('tidings.')));
    cursor = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
  } while (cursor !== '');
  return all.map(({ type }) => type).sort();
};

describe('a webhook that fails until it is disabled', () => {
  it('is told to an ops webhook, and in one mail to the contacts of its tenant', async () => {
    const contacts = ['ops@one.example'];
    await api('POST', '/tenants', 'default', { id: 'one', name: 'One', contacts });
    const id = await webhook('one', 'orders', ['order.*']);
    const ops = await webhook('one', 'ops', ['tidings.>']);
    const all = await webhook('one', 'all', ['*']);
    receiver.answer(({ path }) => ({ status: path === '/one-orders' ? 500 : 204 }));
    for (let i = 0; i < 3; i++) await api('POST', '/events', 'one', { type: 'order.paid', data: { i } });
    await waitFor(() => expect(toldTo('/one-ops')).toHaveLength(3), 20_000);
    receiver.answer(({ path }) => ({ status: path === '/one-orders' ? 410 : 204 }));
    await api('POST', '/events', 'one', { type: 'order.paid', data: {} });
    await waitFor(() => expect(toldTo('/one-ops')).toHaveLength(5), 20_000);
    expect(
      toldTo('/one-ops')
        .map(({ type }) => type)
        .sort(),
    ).toEqual([...Array<string>(4).fill('tidings.delivery.exhausted'), 'tidings.webhook.disabled']);
    const disabled = toldTo('/one-ops').find(({ type }) => type === 'tidings.webhook.disabled');
    expect(disabled?.data).toMatchObject({ webhook_id: id, reason: 'receiver_gone' });
    // Who wants all events means those of the tenant.
    expect(toldTo('/one-all').map(({ type }) => type)).toEqual(Array<string>(4).fill('order.paid'));

    await waitFor(() => expect(mail.mails).toHaveLength(1), 20_000);
    const [only] = mail.mails;
    expect(only?.to).toEqual(contacts);
    expect(only && mail.header(only, 'Subject')).toBe('[Tidings] One: 1 disabled, 4 failed deliveries');
    await sleep(2_000);
    expect(mail.mails).toHaveLength(1);

    receiver.answer({ status: 204 });
    await api('POST', `/webhooks/${id}/resume`, 'one');
    await api('POST', '/events', 'one', { type: 'order.paid', data: {} });
    // Ledger and journal tell of it, each in its own time.
    await waitFor(
      () => expect(toldTo('/one-ops').map(({ type }) => type)).toContain('tidings.webhook.recovered'),
      20_000,
    );
    for (const each of [id, ops, all]) await api('DELETE', `/webhooks/${each}`, 'one');
  }, 90_000);
});

describe('ops webhooks that fail for ever themselves', () => {
  it('are told what failed, and keep neither themselves nor each other informed of their own failing', async () => {
    await api('POST', '/tenants', 'default', { id: 'loop', name: 'Loop' });
    receiver.answer({ status: 500 });
    await webhook('loop', 'orders', ['order.*']);
    for (const name of ['ops-1', 'ops-2']) await webhook('loop', name, ['tidings.>']);
    // Enough for every circuit to open, those of the ops webhooks by operational events alone.
    for (let i = 0; i < 10; i++) await api('POST', '/events', 'loop', { type: 'order.paid', data: { i } });
    const expected = [
      ...Array<string>(3).fill('tidings.circuit.opened'),
      ...Array<string>(10).fill('tidings.delivery.exhausted'),
    ];
    await waitFor(async () => expect(await operationalOf('loop')).toEqual(expected), 40_000);
    // Beyond the first probes, which fail too.
    await sleep(33_000);
    expect(await operationalOf('loop')).toEqual(expected);
  }, 120_000);
});
