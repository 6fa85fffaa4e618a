import pg from 'pg';
import { Bus } from '#bus';
import { generateSecret } from '#signing';
import { member, startApi, type TestApi } from '../testing/api-for-tests.js';
import {
  createWebhook,
  createdWebhook,
  invalidAt,
  webhookFields,
  WEBHOOKS,
} from '../testing/webhooks-for-tests.js';

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

describe('creating a webhook', () => {
  it('answers with all its fields, what was left out by default', async () => {
    const wanted = webhookFields();
    const answer = await api.ask('POST', WEBHOOKS, wanted);
    expect(answer.status).toBe(201);
    expect(answer.headers.get('etag')).toBe('"1"');
    expect(answer.headers.get('location')).toBe(`${WEBHOOKS}/${member(answer, 'id')}`);
    expect(answer.json).toEqual({
      ...wanted,
      id: expect.stringMatching(/^wh_[0-9a-z]{26}$/) as string,
      description: '',
      tags: [],
      metadata: {},
      method: 'POST',
      filter: null,
      headers: {},
      auth: { type: 'none' },
      status: 'active',
      disabled_reason: null,
      ownership: null,
      timeout_seconds: 30,
      format: 'standard',
      transform: null,
      rate_limit: null,
      concurrency: 16,
      ordered: false,
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
    const answer = await createWebhook(api, { retry });
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      retry: { enabled: true, jitter: 0.1, max_delay_seconds: 60, ...retry },
    });
  });

  it('refuses a name that another webhook of the tenant has, and takes it in another tenant', async () => {
    const { name } = webhookFields();
    expect((await createWebhook(api, { name })).status).toBe(201);
    const refusal = await createWebhook(api, { name });
    expect(refusal.status).toBe(409);
    expect(refusal.json).toMatchObject({ code: 'webhook_name_taken', errors: [{ path: 'name' }] });
    expect((await createWebhook(api, { name }, { 'tidings-tenant': 'acme' })).status).toBe(201);
  });

  it('a deleted name is free again', async () => {
    const { name } = webhookFields();
    const path = await createdWebhook(api, { name });
    await api.ask('DELETE', path);
    expect((await createWebhook(api, { name })).status).toBe(201);
  });

  it('refuses fields that it does not know, with their paths', async () => {
    const answer = await createWebhook(api, { colour: 'red', retry: { counts: 3 } });
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json).toMatchObject(invalidAt('retry.counts', 'colour'));
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
    const answer = await createWebhook(api, more);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject(invalidAt(path));
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
      const answer = await createWebhook(api, origin === 'supplied' ? { secret } : {});
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
    const answer = await api.ask('PATCH', await createdWebhook(api), { secret: generateSecret() });
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject(invalidAt('secret'));
  });
});
