import pg from 'pg';
import { startApi, type TestApi } from '../testing/api-for-tests.js';
import { createdWebhook, invalidAt, WEBHOOKS } from '../testing/webhooks-for-tests.js';

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

describe('changing a webhook', () => {
  it('merges what is given, and null puts back the default', async () => {
    const path = await createdWebhook(api, { timeout_seconds: 5, retry: { count: 7, factor: 4 } });
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
    expect((await api.ask('PATCH', await createdWebhook(api), { timeout_seconds: 9 }, type)).status).toBe(
      200,
    );
  });

  it('gives a new ETag for a change and keeps it when nothing changes', async () => {
    const path = await createdWebhook(api);
    const changed = await api.ask('PATCH', path, { url: 'https://example.com/other' });
    expect(changed.headers.get('etag')).toBe('"2"');
    const same = await api.ask('PATCH', path, { url: 'https://example.com/other' });
    expect(same.headers.get('etag')).toBe('"2"');
    expect((await api.ask('GET', path)).headers.get('etag')).toBe('"2"');
  });

  it('pauses and resumes', async () => {
    const path = await createdWebhook(api);
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
    const path = await createdWebhook(api);
    await sql.query(`UPDATE webhooks SET status = 'disabled', disabled_reason = 'gone' WHERE id = $1`, [
      path.slice(WEBHOOKS.length + 1),
    ]);
    const touched = await api.ask('PATCH', path, { timeout_seconds: 9 });
    expect(touched.json).toMatchObject({ status: 'disabled', disabled_reason: 'gone', timeout_seconds: 9 });
    const active = await api.ask('PATCH', path, { status: 'active' });
    expect(active.json).toMatchObject({ status: 'active', disabled_reason: null });
  });

  it('refuses with 412 when it has changed meanwhile, and says both versions', async () => {
    const path = await createdWebhook(api);
    expect((await api.ask('PATCH', path, { timeout_seconds: 8 }, { 'if-match': '"1"' })).status).toBe(200);
    const stale = await api.ask('PATCH', path, { timeout_seconds: 9 }, { 'if-match': '"1"' });
    expect(stale.status).toBe(412);
    expect(stale.json).toMatchObject({ code: 'version_conflict', expected_version: 1, actual_version: 2 });
    expect((await api.ask('PATCH', path, {}, { 'if-match': 'nonsense' })).status).toBe(412);
    expect((await api.ask('PATCH', path, { timeout_seconds: 9 }, { 'if-match': '*' })).status).toBe(200);
    expect((await api.ask('DELETE', path, undefined, { 'if-match': '"1"' })).status).toBe(412);
    expect((await api.ask('DELETE', path, undefined, { 'if-match': '"3"' })).status).toBe(204);
  });

  it.each([
    [{ timeout_seconds: 'soon' }, 422, 'invalid_request'],
    [{ timeout_seconds: 8 }, 412, 'version_conflict'],
  ])(
    'is told of a body that is not valid before a tag that nothing has: %j is %i',
    async (patch, status, code) => {
      const answer = await api.ask('PATCH', await createdWebhook(api), patch, { 'if-match': 'nonsense' });
      expect(answer.json).toMatchObject({ status, code });
    },
  );

  it('refuses what would not be sound, and changes nothing', async () => {
    const path = await createdWebhook(api);
    const answer = await api.ask('PATCH', path, { name: null, event_types: [], status: 'broken', x: 1 });
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject(invalidAt('name', 'event_types', 'status', 'x'));
    const scheduled = await api.ask('PATCH', path, { retry: { strategy: 'schedule' } });
    expect(scheduled.json).toMatchObject(invalidAt('retry.schedule_seconds'));
    expect((await api.ask('PATCH', path, { url: 'https://169.254.169.254/' })).json).toMatchObject(
      invalidAt('url'),
    );
    expect((await api.ask('GET', path)).headers.get('etag')).toBe('"1"');
  });

  it('loses no update of writers at the same time', async () => {
    const path = await createdWebhook(api);
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
      const path = await createdWebhook(api);
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
