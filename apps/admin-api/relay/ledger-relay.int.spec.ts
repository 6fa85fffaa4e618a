import { connect } from '@nats-io/transport-node';
import pg from 'pg';
import { Bus } from '#bus';
import { decideWebhook, DEFAULT_RETRY, newId, PLAIN_WEBHOOK, type WebhookState } from '#domain';
import { changeWebhook, openDatabase, type DataSource } from '#persistence';
import { waitFor } from '#testing';
import { startAdminApi } from '../start-admin-api.js';
import { member, startApi, type TestApi } from '../testing/api-for-tests.js';

let api: TestApi;
let database: DataSource;
let bus: Bus;

beforeAll(async () => {
  api = await startApi();
  database = await openDatabase(api.postgres.url, { name: 'spec' });
  bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
}, 60_000);

afterAll(async () => {
  await bus.close();
  await database.destroy();
  await api.stop();
});

const inBucket = async (id: string) => (await bus.webhooks.entries()).find((entry) => entry.id === id);
const creating = (id: string) => (state: WebhookState) =>
  decideWebhook(state, {
    kind: 'create',
    tenant: 'default',
    webhook: id,
    actor: 'spec',
    at: Date.now(),
    secret: 'generated',
    definition: {
      ...PLAIN_WEBHOOK,
      name: `webhook ${id}`,
      url: 'https://example.com/',
      event_types: ['*'],
      status: 'active',
      timeout_seconds: 30,
      retry: DEFAULT_RETRY,
    },
  });

/** What a process leaves that dies after its commit and before anything else. */
const commitOnly = async () => {
  const id = newId('wh');
  await changeWebhook(database, 'default', id, creating(id), () => ({
    signing: new Map([[1, 'sealed']]),
    credentials: new Map(),
  }));
  return id;
};
const createByApi = async (name: string) => {
  const fields = { name, url: 'https://example.com/', event_types: ['*'] };
  const answer = await api.ask('POST', '/api/v1/webhooks', fields);
  expect(answer.status).toBe(201);
  return member(answer, 'id');
};

describe('the relay', () => {
  it('has told the data plane of a change by the time the change is answered', async () => {
    const id = await createByApi('told at once');
    expect(await inBucket(id)).toMatchObject({ id, version: 1, status: 'active', event_types: ['*'] });
    await api.ask('PATCH', `/api/v1/webhooks/${id}`, { status: 'inactive' });
    expect(await inBucket(id)).toMatchObject({ version: 2, status: 'inactive' });
    await api.ask('DELETE', `/api/v1/webhooks/${id}`);
    expect(await inBucket(id)).toBeUndefined();
  });

  it('has everyone who routes or delivers read a change before it is answered', async () => {
    const { host, username, password } = new URL(api.nats.url);
    const process = await connect({ servers: host, user: username, pass: password });
    const say = (webhooks: number) =>
      process.publish('tidings.following', JSON.stringify({ process: 'slow', toldUpTo: { webhooks } }));
    let readUpTo = 0;
    const saying = setInterval(() => say(readUpTo), 50);
    say(readUpTo);
    await process.flush();
    let answered = false;
    const before = (await bus.webhooks.entries()).length;
    const creating = createByApi('read by all').finally(() => (answered = true));
    await waitFor(async () => expect(await bus.webhooks.entries()).toHaveLength(before + 1));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered).toBe(false);
    readUpTo = Number.MAX_SAFE_INTEGER;
    const id = await creating;
    clearInterval(saying);
    await process.close();
    expect(await inBucket(id)).toMatchObject({ id });
  });

  it('tells of a change whose writer died right after the commit', async () => {
    const id = await commitOnly();
    await waitFor(async () => expect(await inBucket(id)).toMatchObject({ id }));
  });

  it('tells, after it was away, of what was changed meanwhile', async () => {
    const gone = await createByApi('deleted while away');
    await api.halt();
    const id = await commitOnly();
    await changeWebhook(database, 'default', gone, (state) =>
      decideWebhook(state, {
        kind: 'delete',
        tenant: 'default',
        webhook: gone,
        actor: 'spec',
        at: Date.now(),
      }),
    );
    expect(await inBucket(id)).toBeUndefined();
    await api.resume();
    await waitFor(async () => expect(await inBucket(id)).toMatchObject({ id }));
    expect(await inBucket(gone)).toBeUndefined();
  });

  it('does not skip a change that was begun before others and committed after them', async () => {
    const late = newId('wh');
    const slow = new pg.Client({ connectionString: api.postgres.url });
    await slow.connect();
    await slow.query('BEGIN');
    await slow.query(
      `INSERT INTO ledger (tenant, aggregate_type, aggregate_id, version, type, data, actor, at)
       VALUES ('default', 'webhook', $1, 1, 'webhook.created', '{}', 'spec', now())`,
      [late],
    );
    await slow.query(
      `INSERT INTO webhooks
       SELECT (jsonb_populate_record(w, jsonb_build_object('id', $1::text, 'version', 1, 'name', 'late'))).*
       FROM webhooks w LIMIT 1`,
      [late],
    );
    const began = Date.now();
    const others = [await createByApi('overtakes 1'), await createByApi('overtakes 2')];
    for (const id of others) expect(await inBucket(id)).toBeDefined();
    expect(Date.now() - began).toBeLessThan(1_500);
    await slow.query('COMMIT');
    await slow.end();
    await waitFor(async () => expect(await inBucket(late)).toMatchObject({ id: late }));
  });

  it('puts the bucket right where it disagrees with the tables', async () => {
    const id = await createByApi('to be damaged');
    const right = await inBucket(id);
    await api.halt();
    const held = await bus.webhooks.held('default', id);
    await bus.webhooks.replace(['default', id], held, {
      ...right!,
      version: 0,
      url: 'https://stale.example/',
    });
    await bus.webhooks.put({ ...right!, id: 'wh_never_existed' });
    const lost = await commitOnly();
    await bus.webhooks.remove('default', lost);
    await api.resume();
    await waitFor(async () => {
      expect(await inBucket(id)).toEqual(right);
      expect(await inBucket('wh_never_existed')).toBeUndefined();
      expect(await inBucket(lost)).toBeDefined();
    });
  });

  it('works in one of several replicas; the changes of every one are told, and another takes over', async () => {
    const second = await startAdminApi(api.options);
    const own = api.url;
    api.url = second.url;
    const began = Date.now();
    expect(await inBucket(await createByApi('by the second replica'))).toBeDefined();
    expect(Date.now() - began).toBeLessThan(1_500);
    await api.halt();
    api.url = second.url;
    const id = await createByApi('after the first replica went');
    await waitFor(async () => expect(await inBucket(id)).toBeDefined());
    await second.stop();
    api.url = own;
    await api.resume();
  });

  it('goes on after PostgreSQL was killed and started again', async () => {
    await api.postgres.kill();
    expect((await api.ask('GET', '/api/v1/webhooks')).status).toBe(503);
    await api.postgres.restart();
    const id = await waitFor(() => createByApi(`after the crash ${Date.now()}`), 20_000);
    await waitFor(async () => expect(await inBucket(id)).toBeDefined());
  }, 60_000);

  it('goes on after NATS was killed and started again; a change made meanwhile is answered and told later', async () => {
    await bus.close();
    await api.nats.kill();
    const began = Date.now();
    const id = await createByApi('made without NATS');
    expect(Date.now() - began).toBeLessThan(4_000);
    await api.nats.restart();
    bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
    await waitFor(async () => expect(await inBucket(id)).toBeDefined(), 20_000);
  }, 60_000);

  it('fills the bucket again after NATS lost its storage', async () => {
    const ids = [await createByApi('kept in the tables 1'), await createByApi('kept in the tables 2')];
    await bus.close();
    await api.nats.kill();
    await api.nats.loseStore();
    await api.nats.restart();
    await createByApi('the first change after the loss');
    bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
    await waitFor(async () => {
      for (const id of ids) expect(await inBucket(id)).toBeDefined();
    }, 20_000);
  }, 60_000);

  it('stops promptly, also while both servers are away', async () => {
    await Promise.all([api.nats.kill(), api.postgres.kill()]);
    await api.ask('POST', '/api/v1/webhooks', {});
    const began = Date.now();
    await api.halt();
    expect(Date.now() - began).toBeLessThan(3_000);
    await Promise.all([api.nats.restart(), api.postgres.restart()]);
  }, 60_000);
});
