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

describe('the fields of a webhook', () => {
  it('are kept as they were given', async () => {
    const given = {
      description: 'Two lines:\nthis one too',
      tags: ['blue', 'größer'],
      metadata: { team: 'billing', ticket: 'B-1' },
      method: 'PUT',
      filter: { 'data.total': { $gte: 100 }, $or: [{ type: 'a' }, { 'metadata.x': null }] },
      headers: { 'X-Environment': 'prod' },
      format: 'cloudevents-binary',
      transform: 'function transform(event) {\n  return event;\n}',
      rate_limit: { limit: 1_000_000, period_seconds: 86_400 },
      concurrency: 1_000,
      ordered: true,
    };
    const path = await createdWebhook(api, given);
    expect((await api.ask('GET', path)).json).toMatchObject(given);
  });

  it.each<[string, object, string]>([
    ['a method that there is not', { method: 'TRACE' }, 'method'],
    ['a tag twice', { tags: ['a', 'a'] }, 'tags.1'],
    ['metadata that is no text', { metadata: { a: 1 } }, 'metadata.a'],
    ['a NUL in metadata', { metadata: { a: '\0' } }, 'metadata.a'],
    [
      "a NUL in a path of the filter, which PostgreSQL's jsonb cannot hold",
      { filter: { 'data.\0': 1 } },
      'filter.data.\0',
    ],
    [
      'a filter with an operator that there is not',
      { filter: { 'data.a': { $regex: 'x' } } },
      'filter.data.a.$regex',
    ],
    ['an empty filter', { filter: {} }, 'filter'],
    ['a format that there is not', { format: 'telex' }, 'format'],
    ['a format without a body', { format: { headers: {} } }, 'format.body'],
    ['a format with more than there is', { format: { body: 'x', colour: 'red' } }, 'format.colour'],
    [
      'a format with a header that Tidings sets',
      { format: { body: 'x', headers: { 'webhook-id': '1' } } },
      'format.headers.webhook-id',
    ],
    [
      'a format that signs as nobody can',
      { format: { body: 'x', signature: { scheme: 'rot13', header: 'X-Sign', content: 'x' } } },
      'format.signature.scheme',
    ],
    ['an empty transform', { transform: '' }, 'transform'],
    ['a transform beyond 64 KiB', { transform: 'ü'.repeat(32_769) }, 'transform'],
    ['a rate limit of none', { rate_limit: { limit: 0, period_seconds: 1 } }, 'rate_limit.limit'],
    [
      'a rate limit over more than a day',
      { rate_limit: { limit: 1, period_seconds: 86_401 } },
      'rate_limit.period_seconds',
    ],
    ['no attempts at once', { concurrency: 0 }, 'concurrency'],
    ['1,001 attempts at once', { concurrency: 1_001 }, 'concurrency'],
    ['half an order', { ordered: 0.5 }, 'ordered'],
  ])('refuse %s with 422, and the field is named', async (_title, fields, path) => {
    const answer = await createWebhook(api, fields);
    expect([answer.status, answer.json]).toMatchObject([422, invalidAt(path)]);
    const patch = await api.ask('PATCH', await createdWebhook(api), fields);
    expect([patch.status, patch.json]).toMatchObject([422, invalidAt(path)]);
  });

  it('that are nested without end, or wrong a thousand times, are refused in few words', async () => {
    const path = await createdWebhook(api);
    const deep = `{"filter":${'{"$not":'.repeat(50_000)}1${'}'.repeat(50_000)}}`;
    expect((await api.ask('PATCH', path, deep)).status).toBe(422);
    expect((await api.ask('POST', WEBHOOKS, deep)).status).toBe(422);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`x-key-${i}`, '']));
    for (const fields of [
      { headers: many },
      { metadata: { ...many, a: 1 } },
      { event_types: Object.values(many) },
    ]) {
      const answer = await createWebhook(api, fields);
      expect([answer.status, answer.text.length < 20_000]).toEqual([422, true]);
    }
  });

  it('are changed by a patch, put back by null, and stand in the history', async () => {
    const plain = { format: 'standard', transform: null, rate_limit: null, concurrency: 16, ordered: false };
    const path = await createdWebhook(api);
    expect((await api.ask('PATCH', path, plain)).headers.get('etag')).toBe('"1"');
    const signature = { header: 'X-Sign', content: '{{body}}' };
    const changed = await api.ask('PATCH', path, {
      format: { body: '{"text":"{{type}}"}', headers: { 'X-Type': '{{type}}' }, signature },
      rate_limit: { limit: 10, period_seconds: 60 },
      ordered: true,
    });
    const format = {
      body: '{"text":"{{type}}"}',
      headers: { 'X-Type': '{{type}}' },
      signature: { ...signature, scheme: 'hmac-sha256', prefix: '', encoding: 'hex' },
    };
    expect(changed.json).toMatchObject({ ...plain, format, rate_limit: { limit: 10 }, ordered: true });
    const merged = { format: { headers: { 'X-Type': null }, signature: null }, rate_limit: { limit: 20 } };
    expect((await api.ask('PATCH', path, merged)).json).toMatchObject({
      format: { body: format.body, headers: {}, signature: null },
      rate_limit: { limit: 20, period_seconds: 60 },
    });
    const back = { format: null, transform: null, rate_limit: null, concurrency: null, ordered: null };
    const last = await api.ask('PATCH', path, back);
    expect([last.headers.get('etag'), last.json]).toMatchObject(['"4"', plain]);
    expect((await api.ask('GET', `${path}/history`)).json).toMatchObject({
      data: [
        { version: 4, data: { format: 'standard', rate_limit: null, ordered: false } },
        { version: 3, data: { format: { signature: null }, rate_limit: { limit: 20 } } },
        { version: 2, data: { format, rate_limit: { limit: 10 }, ordered: true } },
        { version: 1, data: plain },
      ],
    });
    expect((await api.ask('GET', `${path}/history/2`)).json).toMatchObject({ webhook: { format } });
  });
});

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
