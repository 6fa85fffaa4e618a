import pg from 'pg';
import { Bus } from '#bus';
import { generateSecret } from '#signing';
import { idsOf, member, startApi, type TestApi } from '../testing/api-for-tests.js';

let api: TestApi;
let sql: pg.Client;
beforeAll(async () => {
  api = await startApi();
  sql = new pg.Client({ connectionString: api.postgres.url });
  await sql.connect();
}, 60_000);
afterAll(async () => {
  await sql.end();
  await api.stop();
});

const WEBHOOKS = '/api/v1/webhooks';
let names = 0;
const fields = (more: object = {}) => ({
  name: `webhook ${++names}`,
  url: 'https://example.com/hook',
  event_types: ['task.completed'],
  ...more,
});
const create = (more: object = {}, headers?: Record<string, string>) =>
  api.ask('POST', WEBHOOKS, fields(more), headers);
const created = async (more: object = {}) => {
  const answer = await create(more);
  expect(answer).toMatchObject({ status: 201 });
  return `${WEBHOOKS}/${member(answer, 'id')}`;
};
const errors = (...paths: string[]) => ({
  code: 'invalid_request',
  errors: paths.map((path) => expect.objectContaining({ path }) as object),
});

describe('creating a webhook', () => {
  it('answers with all its fields, what was left out by default', async () => {
    const wanted = fields();
    const answer = await api.ask('POST', WEBHOOKS, wanted);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('etag')).toBe('"1"');
    expect(answer.headers.get('location')).toBe(`${WEBHOOKS}/${member(answer, 'id')}`);
    expect(answer.json).toEqual({
      ...wanted,
      id: expect.stringMatching(/^wh_[0-9a-z]{26}$/) as string,
      status: 'active',
      disabled_reason: null,
      timeout_seconds: 30,
      retry: {
        enabled: true,
        count: 3,
        strategy: 'exponential',
        initial_delay_seconds: 1,
        factor: 2,
        max_delay_seconds: 60,
        jitter: 0.1,
        schedule_seconds: [],
      },
      created_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/) as string,
      updated_at: expect.any(String) as string,
      secret: expect.stringMatching(/^whsec_/) as string,
    });
  });

  it.each([
    ['exponential', { strategy: 'exponential', factor: 3 }],
    ['linear', { strategy: 'linear', initial_delay_seconds: 5 }],
    ['fixed', { strategy: 'fixed', count: 0 }],
    ['schedule', { strategy: 'schedule', schedule_seconds: [1, 5, 30], count: 50 }],
  ])('takes the retry strategy %s, and fills in what was not said', async (_name, retry) => {
    const answer = await create({ retry });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      retry: { enabled: true, jitter: 0.1, max_delay_seconds: 60, ...retry },
    });
  });

  it('refuses a name that another webhook of the tenant has, and takes it in another tenant', async () => {
    const { name } = fields();
    expect((await create({ name })).status).toBe(201);
    const refusal = await create({ name });
    expect(refusal.status).toBe(409);
    expect(refusal.json).toMatchObject({ code: 'webhook_name_taken', errors: [{ path: 'name' }] });
    expect((await create({ name }, { 'tidings-tenant': 'acme' })).status).toBe(201);
  });

  it('a deleted name is free again', async () => {
    const { name } = fields();
    const path = await created({ name });
    await api.ask('DELETE', path);
    expect((await create({ name })).status).toBe(201);
  });

  it('refuses fields that it does not know, with their paths', async () => {
    const answer = await create({ colour: 'red', retry: { counts: 3 } });
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json).toMatchObject(errors('retry.counts', 'colour'));
  });

  it.each<[string, object, string]>([
    ['an address that is private', { url: 'https://10.0.0.1/' }, 'url'],
    ['a URL that is none', { url: 'nowhere' }, 'url'],
    ['no event type', { event_types: [] }, 'event_types'],
    ['what is no event type', { event_types: ['a', 'b..c'] }, 'event_types.1'],
    ['a timeout of 301 s', { timeout_seconds: 301 }, 'timeout_seconds'],
    ['a timeout in words', { timeout_seconds: '30' }, 'timeout_seconds'],
    ['51 retries', { retry: { count: 51 } }, 'retry.count'],
    ['a strategy that there is not', { retry: { strategy: 'hope' } }, 'retry.strategy'],
    ['a schedule without waits', { retry: { strategy: 'schedule' } }, 'retry.schedule_seconds'],
    ['a status of ours', { status: 'disabled' }, 'status'],
    ['a secret of another kind', { secret: 'hunter2-hunter2' }, 'secret'],
    ['a name with a NUL', { name: 'a\0b' }, 'name'],
    ['half an emoji', { name: 'a\ud83d' }, 'name'],
  ])('refuses %s with 422, and names the field', async (_title, more, path) => {
    const answer = await create(more);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject(errors(path));
  });

  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '1'],
    ['a very deep list', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('refuses %s as a body with 422', async (_title, body) => {
    expect((await api.ask('POST', WEBHOOKS, body)).status).toBe(422);
  });

  it('refuses what is not JSON with 400, what is too large with 413, what is of another type with 415', async () => {
    const malformed = await api.ask('POST', WEBHOOKS, '{"name":');
    expect([malformed.status, malformed.json]).toMatchObject([400, { code: 'malformed_json' }]);
    const large = await api.ask('POST', WEBHOOKS, JSON.stringify({ name: 'x'.repeat(1_048_577) }));
    expect([large.status, large.json]).toMatchObject([413, { code: 'body_too_large' }]);
    const form = await api.ask('POST', WEBHOOKS, 'name=x', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect([form.status, form.json]).toMatchObject([415, { code: 'unsupported_media_type' }]);
  });
});

describe('the signing secret', () => {
  it.each(['generated', 'supplied'])(
    'that was %s is shown once, and stands in clear nowhere',
    async (origin) => {
      const secret = generateSecret();
      const answer = await create(origin === 'supplied' ? { secret } : {});
      const shown = member(answer, 'secret');
      if (origin === 'supplied') expect(shown).toBe(secret);
      const path = `${WEBHOOKS}/${member(answer, 'id')}`;
      await api.ask('PATCH', path, { timeout_seconds: 31 });

      const bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
      const bucket = JSON.stringify(await bus.webhooks.entries());
      await bus.close();
      const rows = await sql.query<{ row: string }>(
        'SELECT l::text AS row FROM ledger l UNION ALL SELECT w::text FROM webhooks w',
      );
      const tables = rows.rows.map(({ row }) => row).join('\n');
      const answers = (await api.ask('GET', path)).text + (await api.ask('GET', WEBHOOKS)).text;
      const key = shown.slice('whsec_'.length);
      for (const written of [bucket, tables, answers]) {
        expect(written).toContain(member(answer, 'id'));
        expect(written).not.toContain(key);
        expect(written).not.toContain(Buffer.from(key, 'base64').toString('hex'));
      }
      expect(answers).not.toMatch(/"secrets?"/);
    },
  );

  it('cannot be changed by a patch', async () => {
    const answer = await api.ask('PATCH', await created(), { secret: generateSecret() });
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject(errors('secret'));
  });
});

describe('changing a webhook', () => {
  it('merges what is given, and null puts back the default', async () => {
    const path = await created({ timeout_seconds: 5, retry: { count: 7, factor: 4 } });
    const answer = await api.ask('PATCH', path, {
      timeout_seconds: null,
      retry: { factor: null, jitter: 0 },
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ timeout_seconds: 30, retry: { count: 7, factor: 2, jitter: 0 } });
    expect((await api.ask('GET', path)).json).toEqual(answer.json);
    const reset = await api.ask('PATCH', path, { retry: null });
    expect(reset.json).toMatchObject({ retry: { count: 3, jitter: 0.1 } });
  });

  it('takes application/merge-patch+json', async () => {
    const type = { 'content-type': 'application/merge-patch+json' };
    expect((await api.ask('PATCH', await created(), { timeout_seconds: 9 }, type)).status).toBe(200);
  });

  it('gives a new ETag for a change and keeps it when nothing changes', async () => {
    const path = await created();
    const changed = await api.ask('PATCH', path, { url: 'https://example.com/other' });
    expect(changed.headers.get('etag')).toBe('"2"');
    const same = await api.ask('PATCH', path, { url: 'https://example.com/other' });
    expect(same.headers.get('etag')).toBe('"2"');
    expect((await api.ask('GET', path)).headers.get('etag')).toBe('"2"');
  });

  it('pauses and resumes', async () => {
    const path = await created();
    expect((await api.ask('PATCH', path, { status: 'inactive' })).json).toMatchObject({ status: 'inactive' });
    expect((await api.ask('PATCH', path, { status: 'active' })).json).toMatchObject({ status: 'active' });
    const id = path.slice(WEBHOOKS.length + 1);
    const { rows } = await sql.query(
      'SELECT version, type, actor FROM ledger WHERE aggregate_id = $1 ORDER BY seq',
      [id],
    );
    expect(rows).toEqual([
      { version: 1, type: 'webhook.created', actor: 'operator' },
      { version: 2, type: 'webhook.paused', actor: 'operator' },
      { version: 3, type: 'webhook.resumed', actor: 'operator' },
    ]);
  });

  it('a disabled one keeps its status when the patch does not speak of it, and may be made active again', async () => {
    const path = await created();
    await sql.query(`UPDATE webhooks SET status = 'disabled', disabled_reason = 'gone' WHERE id = $1`, [
      path.slice(WEBHOOKS.length + 1),
    ]);
    const touched = await api.ask('PATCH', path, { timeout_seconds: 9 });
    expect(touched.json).toMatchObject({ status: 'disabled', disabled_reason: 'gone', timeout_seconds: 9 });
    const active = await api.ask('PATCH', path, { status: 'active' });
    expect(active.json).toMatchObject({ status: 'active', disabled_reason: null });
  });

  it('refuses with 412 when it has changed meanwhile, and says both versions', async () => {
    const path = await created();
    expect((await api.ask('PATCH', path, { timeout_seconds: 8 }, { 'if-match': '"1"' })).status).toBe(200);
    const stale = await api.ask('PATCH', path, { timeout_seconds: 9 }, { 'if-match': '"1"' });
    expect(stale.status).toBe(412);
    expect(stale.json).toMatchObject({ code: 'version_conflict', expected_version: 1, actual_version: 2 });
    expect((await api.ask('PATCH', path, {}, { 'if-match': 'nonsense' })).status).toBe(412);
    expect((await api.ask('PATCH', path, { timeout_seconds: 9 }, { 'if-match': '*' })).status).toBe(200);
    expect((await api.ask('DELETE', path, undefined, { 'if-match': '"1"' })).status).toBe(412);
    expect((await api.ask('DELETE', path, undefined, { 'if-match': '"3"' })).status).toBe(204);
  });

  it('refuses what would not be sound, and changes nothing', async () => {
    const path = await created();
    const answer = await api.ask('PATCH', path, { name: null, event_types: [], status: 'broken', x: 1 });
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject(errors('name', 'event_types', 'status', 'x'));
    const scheduled = await api.ask('PATCH', path, { retry: { strategy: 'schedule' } });
    expect(scheduled.json).toMatchObject(errors('retry.schedule_seconds'));
    expect((await api.ask('PATCH', path, { url: 'https://169.254.169.254/' })).json).toMatchObject(
      errors('url'),
    );
    expect((await api.ask('GET', path)).headers.get('etag')).toBe('"1"');
  });

  it('loses no update of writers at the same time', async () => {
    const path = await created();
    const answers = await Promise.all([
      api.ask('PATCH', path, { timeout_seconds: 77 }),
      api.ask('PATCH', path, { url: 'https://example.com/77' }),
      api.ask('PATCH', path, { event_types: ['seven'] }),
      api.ask('PATCH', path, { retry: { count: 7 } }),
      api.ask('PATCH', path, { retry: { factor: 7 } }),
    ]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    const after = await api.ask('GET', path);
    expect(after.headers.get('etag')).toBe('"6"');
    expect(after.json).toMatchObject({
      timeout_seconds: 77,
      url: 'https://example.com/77',
      event_types: ['seven'],
      retry: { count: 7, factor: 7 },
    });
  });
});

describe('a webhook that is not there', () => {
  it.each(['GET', 'PATCH', 'DELETE'])(
    '%s: 404 for an unknown id, a deleted one, and one of another tenant',
    async (method) => {
      const path = await created();
      const body = method === 'PATCH' ? { timeout_seconds: 5 } : undefined;
      const other = await api.ask(method, path, body, { 'tidings-tenant': 'acme' });
      expect([other.status, other.json]).toMatchObject([404, { code: 'webhook_not_found' }]);
      expect((await api.ask('DELETE', path)).status).toBe(204);
      for (const gone of [
        path,
        `${WEBHOOKS}/wh_unknown`,
        `${WEBHOOKS}/%00`,
        `${WEBHOOKS}/${'x'.repeat(300)}`,
        `${WEBHOOKS}/${'x'.repeat(3_000)}`,
      ])
        expect((await api.ask(method, gone, body)).status).toBe(404);
    },
  );
});

describe('listing webhooks', () => {
  const list = (query: string) =>
    api.ask('GET', `${WEBHOOKS}?${query}`, undefined, { 'tidings-tenant': 'lister' });
  const add = async (more: object) => member(await create(more, { 'tidings-tenant': 'lister' }), 'id');
  let ids: string[];
  beforeAll(async () => {
    ids = [
      await add({ name: 'Invoices 100%', event_types: ['invoice.>'] }),
      await add({ name: 'tasks', event_types: ['task.*', 'other'], url: 'https://tasks.example.com/' }),
      await add({ name: 'all', event_types: ['*'], status: 'inactive' }),
    ];
  });

  it.each<[string, number[]]>([
    ['', [2, 1, 0]],
    ['status=active', [1, 0]],
    ['status=inactive', [2]],
    ['event_type=invoice.line.added', [2, 0]],
    ['event_type=invoice', [2]],
    ['event_type=task.completed', [2, 1]],
    ['event_type=task.item.completed', [2]],
    ['event_type=taskxcompleted', [2]],
    ['event_type=other', [2, 1]],
    ['q=INVOICES', [0]],
    ['q=100%25', [0]],
    ['q=%25', [0]],
    ['q=tasks.example', [1]],
    ['q=_', []],
  ])('?%s finds, newest first, what it should', async (query, found) => {
    const answer = await list(query);
    expect(idsOf(answer)).toEqual(found.map((i) => ids[i]));
    expect(answer.json).toMatchObject({ next_cursor: null });
  });

  it('goes on by cursor where it stopped, although webhooks arrive', async () => {
    const first = await list('limit=2');
    expect(idsOf(first)).toEqual([ids[2], ids[1]]);
    const arrived = await add({});
    const second = await list(`limit=2&cursor=${member(first, 'next_cursor')}`);
    expect(idsOf(second)).toEqual([ids[0]]);
    await api.ask('DELETE', `${WEBHOOKS}/${arrived}`, undefined, { 'tidings-tenant': 'lister' });
  });

  it('shows nothing to another tenant by a cursor of this one', async () => {
    const cursor = member(await list('limit=1'), 'next_cursor');
    const answer = await api.ask('GET', `${WEBHOOKS}?cursor=${cursor}`, undefined, {
      'tidings-tenant': 'nobody',
    });
    expect(idsOf(answer)).toEqual([]);
  });

  it.each([
    'limit=0',
    'limit=251',
    'limit=x',
    'cursor=abc',
    'status=odd',
    'event_type=a..b',
    'q=%00',
    'colour=red',
  ])('refuses ?%s with 422', async (query) => {
    const answer = await list(query);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject(errors(query.split('=')[0] ?? ''));
  });
});
