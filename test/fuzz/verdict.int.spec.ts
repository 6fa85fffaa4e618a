import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { OPERATOR_KEY, startApi, type TestApi } from '../../apps/admin-api/testing/api-for-tests.js';
import { Contract } from '../../apps/admin-api/testing/contract.js';
import { documentWithoutServers } from '../../apps/admin-api/testing/document-for-tests.js';
import { openDatabase, type DataSource } from '../../libs/persistence/index.js';
import { plantTenants, VICTIM, type PlantedTenants } from './planted-tenants.js';
import { closeConnections, send, type SentRequest } from './send.js';
import { faultsOfAnswer, leaksIn, writesOf } from './verdict.js';
import { WatchedStores } from './watched-stores.js';

/** The fuzz is worth what its checks are: each is shown here what it must not let pass. */
const contract = new Contract(await documentWithoutServers());

let api: TestApi;
let tenants: PlantedTenants;
let stores: WatchedStores;
let database: DataSource;
let nats: NatsConnection;
beforeAll(async () => {
  api = await startApi();
  tenants = await plantTenants(api);
  stores = await WatchedStores.open(api.postgres.url, api.nats.url, VICTIM);
  database = await openDatabase(api.postgres.url, { name: 'spec' });
  const { username, password, host } = new URL(api.nats.url);
  nats = await connect({ servers: host, user: username, pass: password });
}, 60_000);
afterAll(async () => {
  closeConnections();
  await nats.close();
  await database.destroy();
  await stores.close();
  await api.stop();
});

const request = (method: string, target: string, more: Partial<SentRequest> = {}): SentRequest => ({
  method,
  target,
  headers: { authorization: `Bearer ${tenants.lenient.keys.admin}`, 'content-type': 'application/json' },
  body: undefined,
  ...more,
});
const post = (target: string, body: object, headers: Record<string, string> = {}) => {
  const asked = request('POST', target, { body: Buffer.from(JSON.stringify(body)) });
  return { ...asked, headers: { ...asked.headers, ...headers } };
};
const withKey = (key: string) => ({ 'idempotency-key': key });
const answered = (status: number, text = '{}') => ({ status, contentType: 'application/json', text });
const REFUSED = answered(422);
const TAKEN = answered(200);

/** What the watcher says of a request between two looks at the stores. */
async function watched(write: () => Promise<unknown>, { asked = post('/x', {}), answer = REFUSED } = {}) {
  const before = await stores.state();
  await write();
  return writesOf(asked, answer, before, await stores.state(), tenants.victim);
}

describe('a leak', () => {
  const ofVictim = (target: string) =>
    send(
      api.url,
      request('GET', target, {
        headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'tidings-tenant': VICTIM },
      }),
    );

  // Answers that only the victim may have, as if an intruder had been given them.
  it.each<[string, (ids: string[]) => string]>([
    ['a webhook', ([webhook]) => `/api/v1/webhooks/${webhook}`],
    ['the list of webhooks', () => '/api/v1/webhooks'],
    ['the history of a webhook', ([webhook]) => `/api/v1/webhooks/${webhook}/history`],
    ['the tags', () => '/api/v1/tags'],
    ['a key', ([, , key]) => `/api/v1/keys/${key}`],
    ['an event type', () => '/api/v1/event-types/planted.type'],
    ['an event', ([, , , event]) => `/api/v1/events/${event}`],
    ['the list of events', () => '/api/v1/events'],
    ['a delivery', ([, , , , delivery]) => `/api/v1/deliveries/${delivery}`],
    ['the list of deliveries', () => '/api/v1/deliveries'],
    ['the tenant', () => `/api/v1/tenants/${VICTIM}`],
  ])('of %s of another tenant is seen', async (_what, targetOf) => {
    const target = targetOf(tenants.victim.ids);
    const answer = await ofVictim(target);
    expect(answer.status).toBe(200);
    expect(leaksIn(answer, request('GET', target), tenants.victim)).not.toEqual([]);
  });

  it('of nothing but an id is seen, for nobody asked for it', () => {
    for (const id of tenants.victim.ids) {
      const answer = answered(200, JSON.stringify({ data: [{ id }] }));
      expect(leaksIn(answer, request('GET', '/api/v1/deliveries'), tenants.victim)).toHaveLength(1);
    }
  });

  it('is not what a refusal repeats of the request', async () => {
    for (const id of tenants.victim.ids) {
      const asked = request('GET', `/api/v1/webhooks/${id}`);
      const answer = await send(api.url, asked);
      expect(answer.status).toBe(404);
      expect(leaksIn(answer, asked, tenants.victim)).toEqual([]);
    }
  });
});

describe('a write by a refused request', () => {
  const TABLES = ['attempts', 'deliveries', 'event_types', 'events', 'keys', 'ledger', 'tenants', 'webhooks'];

  it('has no table to hide in: all are watched, and in each lies something of the victim', async () => {
    const { all, ofVictim } = await stores.state();
    expect(Object.keys(all)).toEqual(expect.arrayContaining(TABLES));
    const tables: { name: string }[] = await database.query(
      `SELECT table_name AS name FROM information_schema.columns WHERE column_name = 'tenant' AND table_schema = 'public'`,
    );
    const known = [...Object.keys(all), 'idempotency_keys'];
    for (const { name } of tables) expect(known.some((table) => name.startsWith(table))).toBe(true);
    for (const table of TABLES) expect(ofVictim[table]).not.toMatch(/^0 /);
    for (const bucket of ['KV_webhooks', 'KV_event-types', 'KV_tenants'])
      expect(ofVictim[bucket]).toContain(VICTIM);
  });

  // The ledger itself refuses this; what is added to it is seen below.
  it.each(TABLES.filter((table) => table !== 'ledger'))(
    'is seen in %s, where a row is missing',
    async (table) => {
      const where = `${table === 'tenants' ? 'id' : 'tenant'} = 'strict-intruder'`;
      const faults = await watched(() => database.query(`DELETE FROM ${table} WHERE ${where}`));
      // The database itself counts the tags of webhooks.
      const written = table === 'webhooks' ? ['webhook_tags', table] : [table];
      expect(faults).toEqual(written.map((name) => `${name} was written by a request refused with 422`));
    },
  );

  it.each(['EVENTS', 'DELIVERIES', 'JOURNAL', 'KV_webhooks', 'KV_event-types', 'KV_tenants'])(
    'is seen in the stream %s',
    async (stream) => {
      const subjects: Record<string, string> = {
        EVENTS: 'events.intruder.a.b',
        DELIVERIES: 'deliveries.ready.1.wh_planted',
        JOURNAL: 'journal.planted',
      };
      const subject = subjects[stream] ?? `$KV.${stream.slice('KV_'.length)}.intruder.planted`;
      const faults = await watched(() => jetstream(nats).publish(subject, '{}'));
      expect(faults).toEqual([`${stream} was written by a request refused with 422`]);
    },
  );

  it('is seen although it is undone in the table, for the ledger and the bucket tell of it', async () => {
    const [path, ask] = ['/api/v1/event-types/planted.by.refusal', { 'tidings-tenant': 'intruder' }];
    const faults = await watched(async () => {
      await api.ask('POST', '/api/v1/event-types', { name: 'planted.by.refusal' }, ask);
      await api.ask('DELETE', path, undefined, ask);
    });
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual(['KV_event-types', 'ledger']);
  });

  it('is not the time when a key was last used, which every request may write', async () => {
    expect(await watched(() => database.query('UPDATE keys SET last_used_at = now()'))).toEqual([]);
  });
});

describe("a write to what is another tenant's", () => {
  const ofTables: [string, string][] = [
    ['webhooks', `UPDATE webhooks SET description = 'x' WHERE tenant = '${VICTIM}'`],
    ['attempts', `DELETE FROM attempts WHERE tenant = '${VICTIM}'`],
    ['keys', `UPDATE keys SET name = 'x' WHERE tenant = '${VICTIM}'`],
    ['tenants', `UPDATE tenants SET strict_event_types = true WHERE id = '${VICTIM}'`],
  ];
  it.each(ofTables)('is seen in %s, although the request was taken', async (table, statement) => {
    const faults = await watched(() => database.query(statement), { answer: TAKEN });
    expect(faults).toEqual([`${table} of ${VICTIM} was written`]);
  });

  it.each([
    ['EVENTS', `events.${VICTIM}.a.b`],
    ['KV_webhooks', `$KV.webhooks.${VICTIM}.wh_planted`],
    ['KV_event-types', `$KV.event-types.${VICTIM}.planted.type`],
    ['KV_tenants', `$KV.tenants.${VICTIM}`],
  ])('is seen in %s, although the request was taken', async (stream, subject) => {
    const faults = await watched(() => jetstream(nats).publish(subject, '{}'), { answer: TAKEN });
    expect(faults).toEqual([`${stream} of ${VICTIM} was written`]);
  });

  it('is not what a request that was taken wrote of its own', async () => {
    const body = { name: 'planted.own' };
    const asked = () => send(api.url, post('/api/v1/event-types', body));
    expect(await watched(asked, { answer: TAKEN })).toEqual([]);
  });
});

describe('an answer kept for an Idempotency-Key', () => {
  const kept = (tenant: string, key: string, answer: string) => () =>
    database.query(
      `INSERT INTO idempotency_keys (tenant, route, key, request_hash, holder, held_until, answer, expires_at)
       VALUES ($1, 'POST /x', $2, '\\x00', gen_random_uuid(), now(), $3, now() + interval '1 day')
       ON CONFLICT (tenant, route, key) DO UPDATE SET answer = excluded.answer`,
      [tenant, key, answer],
    );

  it('may be new, as one refusal is, when the request brought a key', async () => {
    const asked = post('/x', {}, withKey('k1'));
    expect(await watched(kept('intruder', 'k1', 'first'), { asked })).toEqual([]);
  });

  it('is a fault when the request brought none, or was no POST', async () => {
    expect(await watched(kept('intruder', 'k2', 'first'))).toHaveLength(1);
    const put = { ...post('/x', {}, withKey('k3')), method: 'PUT' };
    expect(await watched(kept('intruder', 'k3', 'first'), { asked: put, answer: TAKEN })).toHaveLength(1);
  });

  it('is a fault when it takes the place of another, or is gone', async () => {
    const asked = post('/x', {}, withKey('k1'));
    expect(await watched(kept('intruder', 'k1', 'second'), { asked })).toHaveLength(1);
    const forget = () => database.query(`DELETE FROM idempotency_keys WHERE key = 'k1'`);
    expect(await watched(forget, { asked })).toHaveLength(1);
  });

  it("is a fault when it is the victim's", async () => {
    const asked = post('/x', {}, withKey('k4'));
    expect(await watched(kept(VICTIM, 'k4', 'x'), { asked, answer: TAKEN })).toHaveLength(1);
  });
});

describe('an answer', () => {
  const list = contract.operation('listEventTypes');

  it('that is our own fault is seen', async () => {
    await database.query('ALTER TABLE event_types RENAME TO event_types_gone');
    const answer = await send(api.url, request('GET', '/api/v1/event-types'));
    await database.query('ALTER TABLE event_types_gone RENAME TO event_types');
    expect(answer.status).toBe(500);
    expect(faultsOfAnswer(list, answer)).toHaveLength(1);
  });

  const problem = (status: number, code: string) => ({
    status,
    contentType: 'application/problem+json; charset=utf-8',
    text: JSON.stringify({ status, code }),
  });
  it.each([
    ['of a status that is not documented', answered(204, '')],
    ['that refuses without a problem', answered(422)],
    ['whose code is not documented', problem(422, 'webhook_limit_reached')],
    ['whose problem has another status', { ...problem(401, 'unauthenticated'), status: 422 }],
    ['that a server is away, for they all are there', problem(503, 'database_unavailable')],
  ])('%s is seen', (_title, answer) => {
    expect(faultsOfAnswer(list, answer)).not.toEqual([]);
  });

  it('as the document says is none', async () => {
    for (const target of ['/api/v1/event-types', '/api/v1/event-types?limit=0'])
      expect(faultsOfAnswer(list, await send(api.url, request('GET', target)))).toEqual([]);
  });
});
