import { randomBytes } from 'node:crypto';
import { Bus } from '#bus';
import {
  decideWebhook,
  DEFAULT_RETRY,
  newId,
  PLAIN_WEBHOOK,
  sealedTextsOf,
  type RoutedWebhook,
  type WebhookCommand,
} from '#domain';
import {
  beginRequest,
  changeWebhook,
  keepAnswer,
  migrate,
  openDatabase,
  placeOfAnswer,
  routedWebhooks,
  type DataSource,
} from '#persistence';
import { Keyring } from '#signing';
import { startNats, startPostgres, TOPOLOGY, type TestNats, type TestPostgres } from '#testing';
import { describeRewrap } from './describe-rewrap.js';
import { countKeys, rewrap, type SealedPlaces } from './rewrap.js';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [k1, k2, lost] = [key('k1'), key('k2'), key('lost')];
const old = Keyring.parse(k1);
const rotated = Keyring.parse(`${k2},${k1}`);
const OVERLAP_SECONDS = 3_600;

let postgres: TestPostgres;
let nats: TestNats;
let bus: Bus;
let places: SealedPlaces;
let database: DataSource;

beforeAll(async () => {
  [postgres, nats] = await Promise.all([startPostgres(), startNats()]);
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  places = { database, bucket: bus.webhooks };
}, 60_000);
beforeEach(async () => {
  await database.query('DELETE FROM webhooks');
  await database.query('DELETE FROM idempotency_keys');
  for (const { tenant, id } of await bus.webhooks.entries()) await bus.webhooks.remove(tenant, id);
});
afterAll(async () => {
  await bus.close();
  await database.destroy();
  await Promise.all([postgres.stop(), nats.stop()]);
});

type Bare<Each> = Each extends WebhookCommand ? Omit<Each, 'tenant' | 'webhook' | 'actor' | 'at'> : never;
async function change(id: string, command: Bare<WebhookCommand>, ring: Keyring): Promise<void> {
  await changeWebhook(
    database,
    'default',
    id,
    (state) =>
      decideWebhook(state, {
        ...command,
        ...{ tenant: 'default', webhook: id, actor: 'ann', at: Date.now() },
      }),
    ({ secret_number, version }) => ({
      signing: new Map([
        [
          secret_number,
          ring.seal(`whsec_${id}_${secret_number}`, { tenant: 'default', webhook: id, purpose: 'signing' }),
        ],
      ]),
      credentials: new Map(
        version === 1
          ? [
              [
                'auth.token' as const,
                ring.seal(`token of ${id}`, {
                  ...{ tenant: 'default', webhook: id, purpose: 'auth.token', version: 1 },
                }),
              ],
            ]
          : [],
      ),
    }),
  );
  for (const value of await routedWebhooks(database, [{ tenant: 'default', id }]))
    await bus.webhooks.put(value);
}

/** A webhook with three secrets: a signing secret, one that retires, and a token. */
async function webhook(ring = old): Promise<string> {
  const id = newId('wh');
  const definition = {
    ...{ ...PLAIN_WEBHOOK, name: id, url: 'https://example.com/', event_types: ['a'], timeout_seconds: 30 },
    ...{ status: 'active' as const, retry: DEFAULT_RETRY },
    auth: { type: 'bearer' as const, token: { secret: 1 } },
  };
  await change(id, { kind: 'create', secret: 'generated', definition }, ring);
  await rotate(id, ring);
  return id;
}
const rotate = (id: string, ring: Keyring) =>
  change(id, { kind: 'rotate_secret', secret: 'generated', overlapSeconds: OVERLAP_SECONDS }, ring);

async function keepOneAnswer(ring: Keyring): Promise<void> {
  const request = { tenant: 'default', key: newId('evt'), route: 'POST /x', hash: randomBytes(32) };
  const begun = await beginRequest(database, request, 1_000);
  if (begun.kind !== 'held') throw new Error(begun.kind);
  await keepAnswer(database, request, begun.holder, ring.seal('{}', placeOfAnswer(request)));
}

/** What the webhook's secrets are, from the row and from the bucket alike, as the ring opens them. */
async function opened(id: string, ring: Keyring): Promise<string[]> {
  const [row] = await routedWebhooks(database, [{ tenant: 'default', id }]);
  expect(await bus.webhooks.get('default', id)).toEqual(row);
  return sealedTextsOf(row as RoutedWebhook).map(({ sealed, place }) => ring.open(sealed, place));
}
const secretsOf = (id: string, last = 2) => [
  `token of ${id}`,
  `whsec_${id}_${last}`,
  ...Array.from({ length: last - 1 }, (_, i) => `whsec_${id}_${last - 1 - i}`),
];

describe('rewrapping', () => {
  it('seals everything under the first key, in rows, bucket and kept answers, and leaves no need for the old one', async () => {
    const ids = [await webhook(), await webhook(), await webhook(rotated)];
    await keepOneAnswer(old);
    const versions = () =>
      database.query<object[]>('SELECT id, version, updated_at FROM webhooks ORDER BY id');
    const before = await versions();
    const done = await rewrap(places, rotated, { pageSize: 2 });
    expect(done).toEqual({
      ...{ webhooks: 2, secrets: 6, answers: 1, entries: 2, unopened: [] },
      left: [{ keyId: 'k2', secrets: 9, answers: 1, entries: 9 }],
    });
    for (const id of ids) expect(await opened(id, Keyring.parse(k2))).toEqual(secretsOf(id));
    expect(await versions()).toEqual(before);
    expect(describeRewrap(rotated, done.left, done)).toEqual([
      'Sealed anew under "k2": 6 secrets of 2 webhooks, 1 kept answer; 2 webhooks brought up to date in NATS.',
      'Key "k2" seals 9 secrets and 1 kept answer in PostgreSQL, 9 secrets in NATS.',
      'Key "k1" seals nothing any more: once no process has it as its first key, remove it from TIDINGS_ENCRYPTION_KEYS.',
    ]);
    expect(await rewrap(places, rotated)).toMatchObject({ webhooks: 0, secrets: 0, answers: 0, entries: 0 });
  });

  it('counts what each key seals without changing anything', async () => {
    const id = await webhook();
    await webhook(rotated);
    expect(await countKeys(places)).toEqual([
      { keyId: 'k1', secrets: 3, answers: 0, entries: 3 },
      { keyId: 'k2', secrets: 3, answers: 0, entries: 3 },
    ]);
    expect(await opened(id, old)).toEqual(secretsOf(id));
  });

  it('goes on where it was killed, whichever write was its last', async () => {
    const ids = [await webhook(), await webhook(), await webhook()];
    await keepOneAnswer(old);
    let runs = 0;
    for (let over = false; !over; runs++)
      over = await rewrap(places, rotated, {
        pageSize: 1,
        wrote: () => {
          throw new Error('killed');
        },
      }).then(
        () => true,
        () => false,
      );
    expect(runs).toBe(ids.length + 1 + ids.length + 1);
    for (const id of ids) expect(await opened(id, Keyring.parse(k2))).toEqual(secretsOf(id));
  });

  it('does not undo what is changed meanwhile', async () => {
    const ids = [await webhook(), await webhook(), await webhook()];
    const wrote = async (of: string) => change(of, { kind: 'change', change: { timeout_seconds: 7 } }, old);
    const meanwhile: Promise<void>[] = [];
    await rewrap(places, rotated, {
      pageSize: 3,
      // The page has been read; what is changed now differs from it.
      wrote: () => {
        if (meanwhile.length === 0) meanwhile.push(...ids.map((id) => rotate(id, old)), ...ids.map(wrote));
      },
    });
    await Promise.all(meanwhile);
    await rewrap(places, rotated);
    for (const id of ids) {
      expect(await opened(id, Keyring.parse(k2))).toEqual(secretsOf(id, 3));
      expect(await bus.webhooks.get('default', id)).toMatchObject({ timeout_seconds: 7 });
    }
  });

  it('brings the bucket what a relay wrote late, from a row that it had read before', async () => {
    const id = await webhook();
    const stale = await bus.webhooks.get('default', id);
    await rewrap(places, rotated);
    await bus.webhooks.replace(['default', id], await bus.webhooks.held('default', id), stale);
    expect(await rewrap(places, rotated)).toMatchObject({ webhooks: 0, entries: 1 });
    expect(await opened(id, Keyring.parse(k2))).toEqual(secretsOf(id));
  });

  it('tells which secrets cannot be opened, with the key, and does the rest', async () => {
    const [gone, there] = [await webhook(Keyring.parse(lost)), await webhook()];
    const done = await rewrap(places, rotated);
    expect(done).toMatchObject({ webhooks: 1, secrets: 3 });
    expect(done.unopened).toEqual(
      ['auth.token', 'signing', 'signing'].map((purpose) => ({
        what: `The secret ${purpose} of the webhook ${gone} (default)`,
        keyId: 'lost',
      })),
    );
    expect(done.left.map(({ keyId }) => keyId)).toEqual(['k2', 'lost']);
    expect(await opened(there, Keyring.parse(k2))).toEqual(secretsOf(there));
  });
});
