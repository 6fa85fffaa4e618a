import { Bus } from '#bus';
import { newId } from '#domain';
import type { RunningApp } from '#observability';
import { openDatabase, type DataSource } from '#persistence';
import { startAdminApi } from '../start-admin-api.js';
import { idsOf, member, startApi, type TestAnswer, type TestApi } from '../testing/api-for-tests.js';
import { createWebhook, invalidAt, WEBHOOKS } from '../testing/webhooks-for-tests.js';

const TENANTS = '/api/v1/tenants';

let api: TestApi;
let other: RunningApp;
let bus: Bus;
let database: DataSource;
beforeAll(async () => {
  api = await startApi();
  other = await startAdminApi(api.options);
  bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
  database = await openDatabase(api.postgres.url, { name: 'spec' });
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await bus.close();
  await other.stop();
  await api.stop();
});

let count = 0;
const created = async (more: object = {}): Promise<string> => {
  const id = `tenant-${++count}`;
  const answer = await api.ask('POST', TENANTS, { id, name: id, ...more });
  expect(answer.status).toBe(201);
  return id;
};
const as = (tenant: string) => ({ 'tidings-tenant': tenant });
/** Asks the second replica. */
const askOther = async (
  ...[method, path, body, headers]: Parameters<TestApi['ask']>
): Promise<TestAnswer> => {
  const own = api.url;
  api.url = other.url;
  const asked = api.ask(method, path, body, headers);
  api.url = own;
  return asked;
};

describe('a tenant', () => {
  it('is created with defaults for what was left out, and the data plane knows it', async () => {
    const answer = await api.ask('POST', TENANTS, { id: 'fresh', name: 'Fresh' });
    expect([answer.status, answer.headers.get('etag'), answer.headers.get('location')]).toEqual([
      201,
      '"1"',
      `${TENANTS}/fresh`,
    ]);
    expect(answer.json).toMatchObject({
      id: 'fresh',
      name: 'Fresh',
      max_webhooks: null,
      max_deliveries_per_hour_per_webhook: null,
      retention_days: null,
      auto_disable: null,
      strict_event_types: false,
      timeout_seconds: 30,
      retry: { count: 3 },
    });
    const routed = { strict_event_types: false, max_deliveries_per_hour_per_webhook: null };
    expect(await bus.tenants.get('fresh')).toEqual({ id: 'fresh', version: 1, ...routed });
    expect((await api.ask('GET', `${TENANTS}/fresh`)).json).toEqual(answer.json);
  });

  it('has contacts: e-mail addresses, replaced as a whole, none where the patch says null', async () => {
    const contacts = ['ops@example.com', "o'brien+alerts@sub.example.org"];
    const path = `${TENANTS}/${await created({ contacts })}`;
    expect((await api.ask('GET', path)).json).toMatchObject({ contacts });
    await api.ask('PATCH', path, { max_webhooks: 5 });
    expect((await api.ask('GET', path)).json).toMatchObject({ contacts, max_webhooks: 5 });
    expect((await api.ask('PATCH', path, { contacts: null })).json).toMatchObject({ contacts: [] });
    const patchedTo = async (wanted: string[]) => (await api.ask('PATCH', path, { contacts: wanted })).json;
    for (const each of ['ops@example.com\r\nBcc: a@example.com', 'Ops <ops@example.com>', 'nobody'])
      expect(await patchedTo(['a@example.com', each])).toMatchObject(invalidAt('contacts.1'));
    expect(await patchedTo(['a@example.com', 'a@example.com'])).toMatchObject(invalidAt('contacts.1'));
    const many = Array.from({ length: 21 }, (_, i) => `a${i}@example.com`);
    expect(await patchedTo(many)).toMatchObject(invalidAt('contacts'));
  });

  it('is replaced by PUT and merged by PATCH, both only at the version that was seen', async () => {
    const id = await created({ max_webhooks: 5, retry: { count: 7 } });
    const path = `${TENANTS}/${id}`;
    const patched = await api.ask(
      'PATCH',
      path,
      { strict_event_types: true, retry: { factor: 3 } },
      { 'if-match': '"1"' },
    );
    expect(patched.json).toMatchObject({
      max_webhooks: 5,
      strict_event_types: true,
      retry: { count: 7, factor: 3 },
    });
    expect(await bus.tenants.get(id)).toMatchObject({ version: 2, strict_event_types: true });
    const stale = await api.ask('PUT', path, { name: 'again' }, { 'if-match': '"1"' });
    expect([stale.status, stale.json]).toMatchObject([
      412,
      { code: 'version_conflict', expected_version: 1, actual_version: 2 },
    ]);
    const put = await api.ask('PUT', path, { name: 'again' }, { 'if-match': '"2"' });
    expect([put.headers.get('etag'), put.json]).toMatchObject([
      '"3"',
      { name: 'again', max_webhooks: null, retry: { count: 3 } },
    ]);
  });

  it('keeps its limits as they are given, changed and put back', async () => {
    const limits = {
      max_deliveries_per_hour_per_webhook: 10,
      retention_days: 30,
      auto_disable: { idle_days: 3 },
    };
    const path = `${TENANTS}/${await created(limits)}`;
    const auto_disable = { failing_for_hours: null, idle_days: 3 };
    expect((await api.ask('GET', path)).json).toMatchObject({ ...limits, auto_disable });
    const patched = await api.ask('PATCH', path, {
      retention_days: null,
      auto_disable: { failing_for_hours: 48 },
    });
    expect([patched.headers.get('etag'), patched.json]).toMatchObject([
      '"2"',
      { ...limits, retention_days: null, auto_disable: { failing_for_hours: 48, idle_days: 3 } },
    ]);
    expect((await api.ask('PUT', path, { name: 'plain' })).json).toMatchObject({
      max_deliveries_per_hour_per_webhook: null,
      retention_days: null,
      auto_disable: null,
    });
  });

  it.each<[string, unknown, string]>([
    ['max_deliveries_per_hour_per_webhook', 0, 'max_deliveries_per_hour_per_webhook'],
    ['retention_days', 3_651, 'retention_days'],
    ['auto_disable', {}, 'auto_disable'],
    ['auto_disable', { idle_days: 0 }, 'auto_disable.idle_days'],
    ['auto_disable', { weary: true }, 'auto_disable.weary'],
  ])('takes no %s of %j', async (field, value, path) => {
    const answer = await api.ask('POST', TENANTS, { id: newId('key'), name: 'n', [field]: value });
    expect([answer.status, answer.json]).toMatchObject([422, invalidAt(path)]);
  });

  it.each([['a b'], ['a.b'], [''], ['x'.repeat(65)]])('cannot have the id %j', async (id) => {
    const answer = await api.ask('POST', TENANTS, { id, name: 'n' });
    expect([answer.status, answer.json]).toMatchObject([422, invalidAt('id')]);
  });

  it('is created once when two replicas are asked at once', async () => {
    const body = { id: 'raced', name: 'raced' };
    const answers = await Promise.all([api.ask('POST', TENANTS, body), askOther('POST', TENANTS, body)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it('is listed with the others, newest first', async () => {
    const ids = [await created(), await created()];
    const { json } = await api.ask('GET', `${TENANTS}?limit=2`);
    expect(idsOf({ json } as TestAnswer)).toEqual(ids.reverse());
    const rest = await api.ask(
      'GET',
      `${TENANTS}?limit=250&cursor=${(json as { next_cursor: string }).next_cursor}`,
    );
    expect(idsOf(rest)).toContain('default');
    expect(idsOf(rest)).not.toContain(ids[0]);
  });

  it('that does not exist is 404 for every request, on every replica', async () => {
    for (const ask of [api.ask, askOther]) {
      for (const path of [WEBHOOKS, '/api/v1/events', '/api/v1/keys', '/api/v1/tags']) {
        const answer = await ask('GET', path, undefined, as('nowhere'));
        expect([answer.status, answer.json]).toMatchObject([404, { code: 'tenant_not_found' }]);
      }
    }
  });

  it('exists on another replica as soon as its creation is answered', async () => {
    const id = await created();
    expect((await askOther('GET', WEBHOOKS, undefined, as(id))).status).toBe(200);
  });

  it('gives its defaults to webhooks that are created without them', async () => {
    const id = await created({ timeout_seconds: 7, retry: { count: 9, factor: 4 } });
    const plain = await createWebhook(api, {}, as(id));
    expect(plain.json).toMatchObject({ timeout_seconds: 7, retry: { count: 9, factor: 4 } });
    const own = await createWebhook(api, { timeout_seconds: 8, retry: { count: 1 } }, as(id));
    expect(own.json).toMatchObject({ timeout_seconds: 8, retry: { count: 1, factor: 4 } });
  });
});

describe('max_webhooks', () => {
  it('is held exactly when two replicas create at once, and says limit and count', async () => {
    const id = await created({ max_webhooks: 3 });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) => {
        const body = { name: `n${i}`, url: 'https://example.com/', event_types: ['*'] };
        return (i % 2 ? askOther : api.ask)('POST', WEBHOOKS, body, as(id));
      }),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    const refused = answers.filter(({ status }) => status !== 201);
    for (const { status, json } of refused)
      expect([status, json]).toMatchObject([422, { code: 'webhook_limit_reached', limit: 3, count: 3 }]);
  });

  it('leaves room again when a webhook is deleted, and more when it is raised', async () => {
    const id = await created({ max_webhooks: 1 });
    const first = await createWebhook(api, {}, as(id));
    expect((await createWebhook(api, {}, as(id))).status).toBe(422);
    await api.ask('DELETE', `${WEBHOOKS}/${member(first, 'id')}`, undefined, as(id));
    expect((await createWebhook(api, {}, as(id))).status).toBe(201);
    await api.ask('PATCH', `${TENANTS}/${id}`, { max_webhooks: 2 });
    expect((await createWebhook(api, {}, as(id))).status).toBe(201);
  });
});

describe('deleting a tenant', () => {
  it('ends its webhooks, event types and keys, and the ledger tells of each', async () => {
    const id = await created();
    const webhook = member(await createWebhook(api, {}, as(id)), 'id');
    await api.ask('POST', '/api/v1/event-types', { name: 'a.b' }, as(id));
    const key = await api.ask('POST', '/api/v1/keys', { name: 'k', role: 'admin' }, as(id));
    const authorization = `Bearer ${member(key, 'key')}`;
    expect((await askOther('GET', WEBHOOKS, undefined, { authorization })).status).toBe(200);
    expect((await api.ask('DELETE', `${TENANTS}/${id}`)).status).toBe(204);
    expect(await bus.tenants.get(id)).toBeUndefined();
    expect(await bus.webhooks.get(id, webhook)).toBeUndefined();
    expect((await api.ask('GET', `${TENANTS}/${id}`)).status).toBe(404);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect((await askOther('GET', WEBHOOKS, undefined, { authorization })).status).toBe(401);
    const ledger: { type: string; version: number }[] = await database.query(
      `SELECT type, version FROM ledger WHERE tenant = $1 ORDER BY seq`,
      [id],
    );
    expect(ledger.slice(-4)).toEqual([
      { type: 'webhook.deleted', version: 2 },
      { type: 'event_type.deleted', version: 2 },
      { type: 'key.revoked', version: 2 },
      { type: 'tenant.deleted', version: 2 },
    ]);
  });

  it('does not free its id: its record stays under it', async () => {
    const id = await created();
    await api.ask('DELETE', `${TENANTS}/${id}`);
    const again = await api.ask('POST', TENANTS, { id, name: 'n' });
    expect([again.status, again.json]).toMatchObject([409, { code: 'tenant_exists' }]);
  });

  it('is refused for the tenant default, and for another version than was seen', async () => {
    const permanent = await api.ask('DELETE', `${TENANTS}/default`);
    expect([permanent.status, permanent.json]).toMatchObject([409, { code: 'tenant_is_permanent' }]);
    const id = await created();
    expect((await api.ask('DELETE', `${TENANTS}/${id}`, undefined, { 'if-match': '"4"' })).status).toBe(412);
  });

  it('leaves no webhook behind when webhooks are created at the same moment', async () => {
    const id = await created();
    const creating = Array.from({ length: 10 }, () => createWebhook(api, {}, as(id)));
    const deleting = askOther('DELETE', `${TENANTS}/${id}`);
    const answers = await Promise.all([...creating, deleting]);
    for (const { status } of answers) expect([201, 204, 404]).toContain(status);
    const left: unknown[] = await database.query(`SELECT id FROM webhooks WHERE tenant = $1`, [id]);
    expect(left).toEqual([]);
  });
});
