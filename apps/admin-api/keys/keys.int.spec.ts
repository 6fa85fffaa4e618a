import type { RunningApp } from '#observability';
import { openDatabase, type DataSource } from '#persistence';
import { waitFor } from '#testing';
import { startAdminApi } from '../start-admin-api.js';
import {
  idsOf,
  member,
  OPERATOR_KEY,
  startApi,
  type TestAnswer,
  type TestApi,
} from '../testing/api-for-tests.js';
import { createWebhook, invalidAt, webhookFields, WEBHOOKS } from '../testing/webhooks-for-tests.js';

const KEYS = '/api/v1/keys';

let api: TestApi;
let other: RunningApp;
let database: DataSource;
beforeAll(async () => {
  api = await startApi();
  other = await startAdminApi(api.options);
  database = await openDatabase(api.postgres.url, { name: 'spec' });
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await other.stop();
  await api.stop();
});

const issue = async (role: string, tenant = 'acme', more: object = {}): Promise<TestAnswer> => {
  const answer = await api.ask('POST', KEYS, { name: role, role, ...more }, { 'tidings-tenant': tenant });
  expect(answer.status).toBe(201);
  return answer;
};
const bearer = (answer: TestAnswer) => ({ authorization: `Bearer ${member(answer, 'key')}` });
const onOther = async (key: TestAnswer): Promise<number> =>
  (await fetch(other.url + WEBHOOKS, { headers: bearer(key) })).status;

describe('a key', () => {
  it('is shown once, with the form tdg_<id>_<secret>; what is kept is its hash', async () => {
    const answer = await issue('viewer');
    const [id, text] = [member(answer, 'id'), member(answer, 'key')];
    expect(text).toMatch(/^tdg_[0-9a-z]{26}_[A-Za-z0-9_-]{32}$/);
    const read = await api.ask('GET', `${KEYS}/${id}`, undefined, { 'tidings-tenant': 'acme' });
    expect([read.headers.get('etag'), read.text.includes(text)]).toEqual(['"1"', false]);
    const rows = JSON.stringify([
      await database.query('SELECT * FROM keys'),
      await database.query('SELECT * FROM ledger'),
    ]);
    expect(rows).not.toContain(text.slice(-32));
  });

  it('that expires is not valid from then on', async () => {
    const soon = new Date(Date.now() + 700).toISOString();
    const key = await issue('viewer', 'acme', { expires_at: soon });
    expect((await api.ask('GET', WEBHOOKS, undefined, bearer(key))).status).toBe(200);
    await waitFor(async () =>
      expect((await api.ask('GET', WEBHOOKS, undefined, bearer(key))).status).toBe(401),
    );
    expect(Date.now()).toBeLessThan(Date.parse(soon) + 1_000);
  });

  it('cannot expire in the past', async () => {
    const answer = await api.ask('POST', KEYS, {
      name: 'k',
      role: 'viewer',
      expires_at: '2020-01-01T00:00:00Z',
    });
    expect([answer.status, answer.json]).toMatchObject([422, invalidAt('expires_at')]);
  });

  it('that is revoked on one replica is refused by another within a second, and still listed', async () => {
    const key = await issue('viewer');
    const path = `${KEYS}/${member(key, 'id')}`;
    const acme = { 'tidings-tenant': 'acme' };
    expect(await onOther(key)).toBe(200);
    expect((await api.ask('DELETE', path, undefined, { ...acme, 'if-match': '"9"' })).status).toBe(412);
    expect((await api.ask('DELETE', path, undefined, acme)).status).toBe(204);
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect(await onOther(key)).toBe(401);
    expect((await api.ask('GET', path, undefined, acme)).json).toMatchObject({
      revoked_at: expect.any(String) as string,
    });
    expect((await api.ask('DELETE', path, undefined, acme)).status).toBe(204);
  });

  it('tells when it was last used, a moment later', async () => {
    const key = await issue('viewer');
    const path = `${KEYS}/${member(key, 'id')}`;
    const acme = { 'tidings-tenant': 'acme' };
    expect((await api.ask('GET', path, undefined, acme)).json).toMatchObject({ last_used_at: null });
    await api.ask('GET', WEBHOOKS, undefined, bearer(key));
    const used = await waitFor(async () =>
      member(await api.ask('GET', path, undefined, acme), 'last_used_at'),
    );
    await api.ask('GET', WEBHOOKS, undefined, bearer(key));
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(member(await api.ask('GET', path, undefined, acme), 'last_used_at')).toBe(used);
  });

  it('stands in the ledger for whoever used it', async () => {
    const key = await issue('admin');
    const webhook = await createWebhook(api, {}, bearer(key));
    const [entry]: { actor: string }[] = await database.query(
      'SELECT actor FROM ledger WHERE aggregate_id = $1',
      [member(webhook, 'id')],
    );
    expect(entry?.actor).toBe(member(key, 'id'));
  });

  it('that was used lately goes on publishing events while PostgreSQL is away', async () => {
    const key = await issue('publisher');
    const publish = () => api.ask('POST', '/api/v1/events', { type: 'a.b', data: 1 }, bearer(key));
    expect((await publish()).status).toBe(202);
    await api.postgres.kill();
    expect((await publish()).status).toBe(202);
    await api.postgres.restart();
    await waitFor(async () => expect((await api.ask('GET', WEBHOOKS)).status).toBe(200), 20_000);
  }, 40_000);
});

describe('another tenant', () => {
  it('is not there for a key: not by header, not by id, not in a list', async () => {
    const [key, foreign] = [await issue('admin'), await issue('admin', 'globex')];
    const theirs = member(await createWebhook(api, {}, { 'tidings-tenant': 'globex' }), 'id');
    const header = await api.ask('GET', WEBHOOKS, undefined, { ...bearer(key), 'tidings-tenant': 'globex' });
    expect([header.status, header.json]).toMatchObject([404, { code: 'tenant_not_found' }]);
    for (const path of [`${WEBHOOKS}/${theirs}`, `${KEYS}/${member(foreign, 'id')}`])
      expect((await api.ask('GET', path, undefined, bearer(key))).status).toBe(404);
    expect((await api.ask('DELETE', `${KEYS}/${member(foreign, 'id')}`, undefined, bearer(key))).status).toBe(
      404,
    );
    const listed = await api.ask('GET', `${KEYS}?limit=250`, undefined, bearer(key));
    expect(idsOf(listed)).toContain(member(key, 'id'));
    expect(idsOf(listed)).not.toContain(member(foreign, 'id'));
    const own = await api.ask('GET', WEBHOOKS, undefined, { ...bearer(key), 'tidings-tenant': 'acme' });
    expect(own.status).toBe(200);
  });
});

describe('a role', () => {
  const EVENT = { type: 'a.b', data: 1 };
  it.each<[string, string, string, unknown, number]>([
    ['viewer', 'GET', WEBHOOKS, undefined, 200],
    ['viewer', 'POST', WEBHOOKS, webhookFields(), 403],
    ['viewer', 'POST', '/api/v1/events', EVENT, 403],
    ['viewer', 'GET', KEYS, undefined, 403],
    ['publisher', 'POST', '/api/v1/events', EVENT, 202],
    ['publisher', 'GET', '/api/v1/events', undefined, 403],
    ['publisher', 'GET', WEBHOOKS, undefined, 403],
    ['publisher', 'DELETE', `${WEBHOOKS}/wh_1`, undefined, 403],
    ['admin', 'POST', WEBHOOKS, webhookFields(), 201],
    ['admin', 'POST', '/api/v1/events', EVENT, 202],
    ['admin', 'GET', KEYS, undefined, 200],
    ['admin', 'GET', '/api/v1/tenants', undefined, 403],
    ['admin', 'POST', '/api/v1/tenants', { id: 'x', name: 'x' }, 403],
    ['operator', 'GET', '/api/v1/tenants', undefined, 200],
    ['operator', 'POST', WEBHOOKS, webhookFields(), 201],
  ])('%s: %s %s', async (role, method, path, body, status) => {
    const answer = await api.ask(method, path, body, bearer(await issue(role)));
    expect(answer.status).toBe(status);
    if (status === 403)
      expect(answer.json).toMatchObject({
        code: 'forbidden',
        role,
        role_needed: expect.any(String) as string,
      });
  });

  it('of an operator belongs to no tenant and may act for each; only operators make such keys', async () => {
    const key = await issue('operator');
    expect(key.json).toMatchObject({ tenant: null });
    for (const tenant of ['acme', 'globex'])
      expect(
        (await api.ask('GET', WEBHOOKS, undefined, { ...bearer(key), 'tidings-tenant': tenant })).status,
      ).toBe(200);
    const refused = await api.ask(
      'POST',
      KEYS,
      { name: 'k', role: 'operator' },
      bearer(await issue('admin')),
    );
    expect([refused.status, refused.json]).toMatchObject([
      403,
      { code: 'forbidden', role_needed: 'operator' },
    ]);
  });
});

describe('wrong keys', () => {
  it('are slowed down by address, while those who were right before go on', async () => {
    const known = await issue('viewer');
    expect((await api.ask('GET', WEBHOOKS, undefined, bearer(known))).status).toBe(200);
    const wrong = { authorization: `Bearer ${OPERATOR_KEY}x` };
    const answers: TestAnswer[] = [];
    for (let i = 0; i < 40; i++) answers.push(await api.ask('GET', WEBHOOKS, undefined, wrong));
    expect(answers[0]?.status).toBe(401);
    const last = answers.at(-1);
    expect([last?.status, last?.json]).toMatchObject([429, { code: 'too_many_attempts' }]);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    const unseen = await issue('viewer');
    expect((await api.ask('GET', WEBHOOKS, undefined, bearer(unseen))).status).toBe(429);
    expect((await api.ask('GET', WEBHOOKS, undefined, bearer(known))).status).toBe(200);
    expect((await api.ask('GET', WEBHOOKS)).status).toBe(200);
  });
});
