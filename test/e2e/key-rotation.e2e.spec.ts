import { randomBytes } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { startAdminApi } from '../../apps/admin-api/start-admin-api.js';
import { member, startApi, type TestApi } from '../../apps/admin-api/testing/api-for-tests.js';
import { startDispatcher } from '../../apps/dispatcher/start-dispatcher.js';
import { rewrap } from '../../apps/cli/keys/rewrap.js';
import { Bus } from '#bus';
import { deliveryIdOf, newId, readRoutedWebhook } from '#domain';
import { createLogger, type RunningApp } from '#observability';
import { openDatabase, type DataSource } from '#persistence';
import { Keyring } from '#signing';
import { startReceiver, waitFor, type Receiver } from '#testing';

const [k1, k2] = ['k1', 'k2'].map((id) => `${id}:${randomBytes(32).toString('base64')}`) as [string, string];

let api: TestApi;
let receiver: Receiver;
let bus: Bus;
let database: DataSource;
let dispatcher: RunningApp;

beforeAll(async () => {
  [api, receiver] = await Promise.all([startApi(), startReceiver()]);
  await api.halt();
  bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
  database = await openDatabase(api.postgres.url, { name: 'spec' });
  await rollOutTheApi(k1);
  dispatcher = await dispatching(k1);
}, 60_000);
afterAll(async () => {
  await dispatcher.stop();
  await bus.close();
  await database.destroy();
  await Promise.all([api.stop(), receiver.stop()]);
});

const dispatching = (keys: string) =>
  startDispatcher({
    natsUrl: api.nats.url,
    topology: api.options.topology,
    egress: api.options.egress,
    keyring: Keyring.parse(keys),
    concurrency: 16,
    transforms: { processes: 1, timeoutMs: 500 },
    maxDeliveryAgeHours: 1,
    host: '127.0.0.1',
    port: 0,
    logger: createLogger('silent', 'dispatcher'),
  });

async function rollOutTheApi(keys: string): Promise<void> {
  await api.halt();
  api.options.encryptionKeys = keys;
  await api.resume();
}

/** The new one comes before the old one goes, as an orchestrator does it. */
async function rollOutTheDispatcher(keys: string): Promise<void> {
  const next = await dispatching(keys);
  await dispatcher.stop();
  dispatcher = next;
}

interface Made {
  id: string;
  secret: string;
  token: string;
}

async function webhook(): Promise<Made> {
  const token = newId('key');
  const created = await api.ask('POST', '/api/v1/webhooks', {
    ...{ name: token, url: `${receiver.url}/${token}`, event_types: ['a'] },
    auth: { type: 'bearer', token },
  });
  return { id: member(created, 'id'), secret: member(created, 'secret'), token };
}

/** Delivers an event to each, and holds what arrives against the secrets as they were shown when they were made. */
async function deliverTo(webhooks: Made[]): Promise<void> {
  for (const { id, secret, token } of webhooks) {
    const path = `/${token}`;
    const before = receiver.to(path).length;
    const event = newId('evt');
    const now = Date.now();
    const routed = readRoutedWebhook((await bus.webhooks.get('default', id))!);
    await bus.deliveries.owe(
      {
        ...{ delivery: deliveryIdOf(event, id, now), tenant: 'default', event, event_type: 'a', webhook: id },
        ...{ timestamp: new Date(now).toISOString(), created_at: now, owed_at: now, attempt: 1 },
        ...{ trigger: 'auto', sequence: 1, by_reference: false },
      },
      Buffer.from('{}'),
      routed.ordered,
    );
    await waitFor(() => expect(receiver.to(path)).toHaveLength(before + 1), 15_000);
    const { headers, body } = receiver.to(path)[before]!;
    expect(headers['authorization']).toBe(`Bearer ${token}`);
    new StandardWebhook(secret).verify(body.toString(), headers as Record<string, string>);
  }
}

const bringKeysTo = (ring: string) => rewrap({ database, bucket: bus.webhooks }, Keyring.parse(ring));

describe('the encryption key', () => {
  it('is changed without a pause: every step delivers, signed, and the old key can go', async () => {
    const all = [await webhook()];
    await deliverTo(all);

    // Every process gets the new key, last.
    await rollOutTheApi(`${k1},${k2}`);
    await rollOutTheDispatcher(`${k1},${k2}`);
    all.push(await webhook());
    await deliverTo(all);

    // The new key comes first: in the API before the dispatcher, which has it already.
    await rollOutTheApi(`${k2},${k1}`);
    all.push(await webhook());
    await deliverTo(all);
    await rollOutTheDispatcher(`${k2},${k1}`);
    await deliverTo(all);

    const done = await bringKeysTo(`${k2},${k1}`);
    expect(done).toMatchObject({ webhooks: 2, unopened: [], left: [{ keyId: 'k2' }] });
    await deliverTo(all);

    // The old key is gone.
    await rollOutTheApi(k2);
    await rollOutTheDispatcher(k2);
    await deliverTo(all);
  }, 60_000);

  it('that is missing or wrong is refused by admin API and dispatcher at their start', async () => {
    await webhook();
    const wrong = `k2:${randomBytes(32).toString('base64')}`;
    for (const [keys, sentence] of [
      [k1, /^The encryption key "k2" is missing in TIDINGS_ENCRYPTION_KEYS, and secrets in /],
      [wrong, /^The encryption key "k2" in TIDINGS_ENCRYPTION_KEYS is not the one that sealed secrets in /],
    ] as const) {
      await expect(startAdminApi({ ...api.options, encryptionKeys: keys })).rejects.toThrow(sentence);
      await expect(dispatching(keys)).rejects.toThrow(sentence);
    }
  }, 30_000);
});
