import { newId } from '#domain';
import { idsOf, member, startApi, type TestApi } from '../testing/api-for-tests.js';
import {
  createWebhook,
  createdWebhook,
  invalidAt,
  webhookFields,
  WEBHOOKS,
} from '../testing/webhooks-for-tests.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

const idOf = (path: string) => path.slice(WEBHOOKS.length + 1);

describe('PUT', () => {
  it('replaces everything but the secret: what is left out gets its default', async () => {
    const path = await createdWebhook(api, { tags: ['a'], timeout_seconds: 5, filter: { type: 'a' } });
    const wanted = webhookFields({ event_types: ['b'] });
    const answer = await api.ask('PUT', path, wanted, { 'if-match': '"1"' });
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"2"']);
    expect(answer.json).toMatchObject({ ...wanted, tags: [], timeout_seconds: 30, filter: null });
    const same = await api.ask('PUT', path, wanted);
    expect(same.headers.get('etag')).toBe('"2"');
  });

  it('needs what creating needs, takes no secret, and refuses a stale If-Match and a webhook that is not there', async () => {
    const path = await createdWebhook(api);
    expect((await api.ask('PUT', path, { name: 'x' })).json).toMatchObject(invalidAt('url', 'event_types'));
    expect((await api.ask('PUT', path, webhookFields({ secret: 'x' }))).json).toMatchObject(
      invalidAt('secret'),
    );
    expect((await api.ask('PUT', path, webhookFields({ url: 'https://10.0.0.1/' }))).status).toBe(422);
    expect((await api.ask('PUT', path, webhookFields(), { 'if-match': '"9"' })).status).toBe(412);
    expect((await api.ask('PUT', path, webhookFields(), { 'tidings-tenant': 'acme' })).status).toBe(404);
  });
});

describe('pausing and resuming', () => {
  it('changes the status once, and answers with the webhook', async () => {
    const path = await createdWebhook(api);
    const paused = await api.ask('POST', `${path}/pause`);
    expect([paused.status, paused.headers.get('etag'), paused.json]).toMatchObject([
      200,
      '"2"',
      { status: 'inactive' },
    ]);
    expect((await api.ask('POST', `${path}/pause`)).headers.get('etag')).toBe('"2"');
    expect((await api.ask('POST', `${path}/resume`, undefined, { 'if-match': '"1"' })).status).toBe(412);
    expect((await api.ask('POST', `${path}/resume`)).json).toMatchObject({ status: 'active' });
    const other = await api.ask('POST', `${path}/pause`, undefined, { 'tidings-tenant': 'acme' });
    expect([other.status, other.json]).toMatchObject([404, { code: 'webhook_not_found' }]);
  });
});

describe('bulk delete', () => {
  it('says what happened to each id, and touches no other tenant', async () => {
    const [one, two] = [idOf(await createdWebhook(api)), idOf(await createdWebhook(api))];
    const rival = member(await createWebhook(api, {}, { 'tidings-tenant': 'acme' }), 'id');
    const unknown = newId('wh');
    const answer = await api.ask('POST', `${WEBHOOKS}/bulk-delete`, { ids: [one, unknown, two, rival, one] });
    const missing = { deleted: false, code: 'webhook_not_found' };
    expect([answer.status, answer.json]).toEqual([
      200,
      {
        data: [
          { id: one, deleted: true, code: null },
          { id: unknown, ...missing },
          { id: two, deleted: true, code: null },
          { id: rival, ...missing },
        ],
      },
    ]);
    expect((await api.ask('GET', `${WEBHOOKS}/${one}`)).status).toBe(404);
    const kept = await api.ask('GET', `${WEBHOOKS}/${rival}`, undefined, { 'tidings-tenant': 'acme' });
    expect(kept.status).toBe(200);
  });

  it.each([[{}], [{ ids: [] }], [{ ids: ['a', 1] }], [{ ids: Array(1_001).fill('a') }]])(
    'refuses what is no list of ids (%#)',
    async (body) => {
      expect((await api.ask('POST', `${WEBHOOKS}/bulk-delete`, body)).status).toBe(422);
    },
  );

  it('an id that no id can look like is not there', async () => {
    const answer = await api.ask('POST', `${WEBHOOKS}/bulk-delete`, { ids: ['\0', 'a b'] });
    expect(answer.json).toMatchObject({ data: [{ deleted: false }, { deleted: false }] });
  });
});

describe('event types one by one', () => {
  it('are added, listed and taken away, but for the last', async () => {
    const path = `${await createdWebhook(api, { event_types: ['order.>'] })}/event-types`;
    const added = await api.ask('POST', path, { event_type: 'task.*' });
    expect([added.status, added.json]).toEqual([200, { event_types: ['order.>', 'task.*'] }]);
    const again = await api.ask('POST', path, { event_type: 'task.*' });
    expect(again.headers.get('etag')).toBe('"2"');
    expect((await api.ask('GET', path)).json).toEqual(added.json);
    const taken = await api.ask('DELETE', `${path}/${encodeURIComponent('order.>')}`);
    expect([taken.status, taken.json]).toEqual([200, { event_types: ['task.*'] }]);
    const unknown = await api.ask('DELETE', `${path}/order.paid`);
    expect([unknown.status, unknown.json]).toMatchObject([404, { code: 'subscription_not_found' }]);
    const last = await api.ask('DELETE', `${path}/task.*`);
    expect([last.status, last.json]).toMatchObject([422, invalidAt('event_types')]);
    expect((await api.ask('POST', path, { event_type: 'no type' })).json).toMatchObject(
      invalidAt('event_type'),
    );
    expect((await api.ask('POST', path, { event_type: 'a' }, { 'if-match': '"1"' })).status).toBe(412);
  });
});

describe('history', () => {
  it('tells who decided what and when, newest first, and shows the webhook at any version', async () => {
    const path = await createdWebhook(api, { description: 'first' });
    await api.ask('PATCH', path, { description: 'second', headers: { 'X-Token': 'planted' } });
    await api.ask('POST', `${path}/pause`);
    await api.ask('DELETE', path);
    const history = await api.ask('GET', `${path}/history`);
    expect(history.json).toMatchObject({
      data: [
        { version: 4, type: 'webhook.deleted', actor: 'operator' },
        { version: 3, type: 'webhook.paused', data: {} },
        {
          version: 2,
          type: 'webhook.changed',
          data: { description: 'second', headers: { 'X-Token': '********' } },
        },
        { version: 1, type: 'webhook.created', data: { description: 'first', secret: { number: 1 } } },
      ],
      next_cursor: null,
    });
    const first = await api.ask('GET', `${path}/history?limit=3`);
    const rest = await api.ask('GET', `${path}/history?limit=3&cursor=${member(first, 'next_cursor')}`);
    expect(rest.json).toMatchObject({ data: [{ version: 1 }], next_cursor: null });
    const at = async (version: number | string) => (await api.ask('GET', `${path}/history/${version}`)).json;
    expect(await at(1)).toMatchObject({ version: 1, webhook: { description: 'first', status: 'active' } });
    expect(await at(3)).toMatchObject({
      webhook: { description: 'second', status: 'inactive', headers: { 'X-Token': '********' } },
    });
    expect(await at(4)).toEqual({ version: 4, webhook: null });
    for (const version of [5, 0, '01', 'x', '99999999999'])
      expect(await at(version)).toMatchObject({ code: 'webhook_version_not_found' });
  });

  it('is not there for another tenant', async () => {
    const path = await createdWebhook(api);
    for (const route of ['history', 'history/1'])
      expect((await api.ask('GET', `${path}/${route}`, undefined, { 'tidings-tenant': 'acme' })).status).toBe(
        404,
      );
  });
});

describe('tags', () => {
  it('are listed with how many webhooks have each, and webhooks are found by them', async () => {
    const tenant = { 'tidings-tenant': 'tagging' };
    const make = async (tags: string[]) => member(await createWebhook(api, { tags }, tenant), 'id');
    const one = await make(['b', 'a']);
    const two = await make(['a', 'Ü %']);
    await make([]);
    const list = (query = '') => api.ask('GET', `/api/v1/tags${query}`, undefined, tenant);
    const all = [
      { tag: 'a', webhooks: 2 },
      { tag: 'b', webhooks: 1 },
      { tag: 'Ü %', webhooks: 1 },
    ];
    expect((await list()).json).toEqual({ data: all, next_cursor: null });
    const first = await list('?limit=1');
    const rest = await list(`?cursor=${member(first, 'next_cursor')}`);
    expect(rest.json).toEqual({ data: all.slice(1), next_cursor: null });
    const found = (tag: string) =>
      api.ask('GET', `${WEBHOOKS}?tag=${encodeURIComponent(tag)}`, undefined, tenant);
    expect(idsOf(await found('a'))).toEqual([two, one]);
    expect(idsOf(await found('Ü %'))).toEqual([two]);
    expect(idsOf(await found('%'))).toEqual([]);
    expect((await api.ask('GET', '/api/v1/tags')).json).not.toMatchObject({ data: [{ tag: 'a' }] });
  });
});
