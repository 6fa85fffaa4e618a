import pg from 'pg';
import { Bus } from '#bus';
import { generateSecret } from '#signing';
import { CLIENT } from '#testing';
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

const MASK = '********';
const idOf = (path: string) => path.slice(WEBHOOKS.length + 1);
const credentialsOf = async (path: string) => {
  const { rows } = await sql.query<{ credentials: Record<string, string> }>(
    'SELECT credentials FROM webhooks WHERE id = $1',
    [idOf(path)],
  );
  return rows[0]?.credentials ?? {};
};
const OAUTH = {
  type: 'oauth2',
  token_url: 'https://id.example.com/token',
  client_id: 'c-1',
  client_secret: 'planted-oauth',
};
/** All that was written anywhere: ledger, rows, bucket. */
const everythingWritten = async () => {
  const bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
  const bucket = JSON.stringify(await bus.webhooks.entries());
  await bus.close();
  const { rows } = await sql.query<{ row: string }>(
    'SELECT l::text AS row FROM ledger l UNION ALL SELECT w::text FROM webhooks w',
  );
  return bucket + rows.map(({ row }) => row).join('\n');
};

describe('credentials', () => {
  it.each<[string, object, object]>([
    ['bearer', { token: 'planted-bearer' }, { token: MASK }],
    ['api_key', { key: 'planted-key' }, { key: MASK, header_name: 'X-API-Key' }],
    ['basic', { username: 'ann', password: 'planted-password' }, { username: 'ann', password: MASK }],
    ['hmac', { secret: 'planted-hmac' }, { secret: MASK, header_name: 'X-Webhook-Signature' }],
    [
      'oauth2',
      { token_url: 'https://id.example.com/token', client_id: 'c-1', client_secret: 'planted-oauth' },
      { token_url: 'https://id.example.com/token', client_id: 'c-1', client_secret: MASK, scope: '' },
    ],
    [
      'mtls',
      { certificate: CLIENT.certificate, private_key: CLIENT.private_key },
      { certificate: CLIENT.certificate, private_key: MASK, ca: null },
    ],
  ])('of the auth %s are shown masked, and stand in clear nowhere', async (type, given, shown) => {
    const answer = await createWebhook(api, { auth: { type, ...given } });
    expect([answer.status, answer.json]).toMatchObject([201, { auth: { type, ...shown } }]);
    const path = `${WEBHOOKS}/${member(answer, 'id')}`;
    const shownLater = (await api.ask('GET', path)).text + (await api.ask('GET', `${path}/history`)).text;
    for (const written of [await everythingWritten(), shownLater, answer.text])
      expect(written).not.toMatch(/planted|cGxhbnRl|PRIVATE KEY/);
  });

  it('in headers are known by their names, and masked', async () => {
    const headers = { 'X-Environment': 'prod', 'X-Api-Key': 'planted-header' };
    const answer = await createWebhook(api, { headers });
    expect(answer.json).toMatchObject({ headers: { 'X-Environment': 'prod', 'X-Api-Key': MASK } });
    expect(await everythingWritten()).not.toContain('planted');
    const path = `${WEBHOOKS}/${member(answer, 'id')}`;
    const other = await api.ask('PATCH', path, { headers: { 'X-Environment': null, 'X-More': '1' } });
    expect(other.json).toMatchObject({ headers: { 'X-Api-Key': MASK, 'X-More': '1' } });
    expect((other.json as { headers: object }).headers).not.toHaveProperty('X-Environment');
  });

  it('stay when their mask is sent back by PUT or PATCH, or when a patch leaves them out', async () => {
    const fields = webhookFields({
      auth: { type: 'bearer', token: 'planted-1' },
      headers: { 'X-Token': 'planted-2' },
    });
    const path = `${WEBHOOKS}/${member(await api.ask('POST', WEBHOOKS, fields), 'id')}`;
    const before = await credentialsOf(path);
    const masked = { auth: { type: 'bearer', token: MASK }, headers: { 'X-Token': MASK } };
    const put = await api.ask('PUT', path, { ...fields, ...masked, timeout_seconds: 3 });
    expect([put.status, put.json]).toMatchObject([200, { ...masked, timeout_seconds: 3 }]);
    await api.ask('PATCH', path, { ...masked, timeout_seconds: 4 });
    await api.ask('PATCH', path, { auth: { type: 'bearer' }, timeout_seconds: 5 });
    expect(await credentialsOf(path)).toEqual(before);
    expect(Object.keys(before).sort()).toEqual(['auth.token', 'headers.x-token']);
  });

  it('that are replaced or removed are kept no longer', async () => {
    const path = await createdWebhook(api, { auth: { type: 'bearer', token: 'planted-1' } });
    const before = await credentialsOf(path);
    const changed = await api.ask('PATCH', path, { auth: { token: 'planted-2' } });
    expect(changed.headers.get('etag')).toBe('"2"');
    expect(await credentialsOf(path)).not.toEqual(before);
    const other = await api.ask('PATCH', path, { auth: { type: 'basic', username: 'a', password: 'b' } });
    expect(other.json).toMatchObject({ auth: { type: 'basic', username: 'a', password: MASK } });
    expect(Object.keys(await credentialsOf(path))).toEqual(['auth.password']);
    expect((await api.ask('PATCH', path, { auth: null })).json).toMatchObject({ auth: { type: 'none' } });
    expect(await credentialsOf(path)).toEqual({});
  });

  it('of an OAuth client stay when another token URL is set, which is looked at as the first was', async () => {
    const path = await createdWebhook(api, { auth: OAUTH });
    const before = await credentialsOf(path);
    const moved = await api.ask('PATCH', path, { auth: { token_url: 'https://id.example.com/2' } });
    expect(moved.json).toMatchObject({ auth: { token_url: 'https://id.example.com/2', client_id: 'c-1' } });
    expect(await credentialsOf(path)).toEqual(before);
    const inside = await api.ask('PATCH', path, { auth: { token_url: 'https://10.0.0.1/token' } });
    expect([inside.status, inside.json]).toMatchObject([422, invalidAt('auth.token_url')]);
  });

  it('do not follow their webhook to another host unless they are given again', async () => {
    const fields = { auth: { type: 'bearer', token: 'planted-1' }, headers: { 'X-Token': 'planted-2' } };
    const path = await createdWebhook(api, fields);
    const url = 'https://other.example.com/hook';
    for (const kept of [{}, { auth: { type: 'bearer', token: MASK }, headers: { 'X-Token': MASK } }]) {
      const moved = await api.ask('PATCH', path, { url, ...kept });
      expect([moved.status, moved.json]).toMatchObject([422, { code: 'invalid_request' }]);
      expect(JSON.stringify(moved.json)).toMatch(/headers\.x-token.*auth\.token/);
    }
    expect((await api.ask('PATCH', path, { url, ...fields })).json).toMatchObject({ url });
    const oauth = await createdWebhook(api, { auth: OAUTH });
    const lured = await api.ask('PATCH', oauth, { auth: { token_url: 'https://other.example.com/token' } });
    expect([lured.status, lured.json]).toMatchObject([422, invalidAt('auth.client_secret')]);
  });

  it.each<[string, object, string]>([
    ['no token', { auth: { type: 'bearer' } }, 'auth.token'],
    ['a mask of nothing', { auth: { type: 'bearer', token: MASK } }, 'auth.token'],
    ['a type that there is not', { auth: { type: 'hope' } }, 'auth.type'],
    [
      'a token URL that may not be reached',
      { auth: { ...OAUTH, token_url: 'https://169.254.169.254/token' } },
      'auth.token_url',
    ],
    ['a client without a name', { auth: { ...OAUTH, client_id: '' } }, 'auth.client_id'],
    ['a scope with a quote', { auth: { ...OAUTH, scope: 'a "b"' } }, 'auth.scope'],
    [
      'a certificate with its key in it',
      { auth: { type: 'mtls', ...CLIENT, certificate: CLIENT.certificate + CLIENT.private_key } },
      'auth.certificate',
    ],
    ['a key that is none', { auth: { type: 'mtls', ...CLIENT, private_key: 'hunter2' } }, 'auth.private_key'],
    ['a member of another type', { auth: { type: 'none', token: 'x' } }, 'auth.token'],
    ['a header that smuggles', { headers: { 'X-A': 'a\r\nHost: b' } }, 'headers.X-A'],
    ['a header that is refused', { headers: { 'X-Forwarded-For': '127.0.0.1' } }, 'headers.X-Forwarded-For'],
    [
      'a header that auth sets',
      { headers: { Authorization: 'x' }, auth: { type: 'bearer', token: 'y' } },
      'headers.Authorization',
    ],
  ])('%s is refused with 422', async (_title, fields, path) => {
    const answer = await createWebhook(api, fields);
    expect([answer.status, answer.json]).toMatchObject([422, invalidAt(path)]);
  });
});

describe('rotating the signing secret', () => {
  const rotate = (path: string, body: unknown = {}, headers?: Record<string, string>) =>
    api.ask('POST', `${path}/rotate-secret`, body, headers);

  it('gives a new secret once, and says until when the one before signs', async () => {
    const path = await createdWebhook(api);
    const answer = await rotate(path, { overlap_seconds: 60 });
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, '"2"']);
    const secret = member(answer, 'secret');
    expect(secret).toMatch(/^whsec_/);
    const until = Date.parse(member(answer, 'previous_secret_until'));
    expect(Math.abs(until - Date.now() - 60_000)).toBeLessThan(5_000);
    for (const written of [await everythingWritten(), (await api.ask('GET', path)).text])
      expect(written).not.toContain(secret.slice(6));
    const history = await api.ask('GET', `${path}/history`);
    expect(history.json).toMatchObject({
      data: [
        {
          version: 2,
          type: 'webhook.secret_rotated',
          data: { secret: { number: 2, origin: 'generated' }, previous_until: new Date(until).toISOString() },
        },
        { version: 1 },
      ],
    });
  });

  it('takes a secret of yours, overlaps for a day when nothing is said, and needs no body', async () => {
    const secret = generateSecret();
    const path = await createdWebhook(api);
    expect((await rotate(path, { secret })).json).toMatchObject({ secret });
    const answer = await rotate(path, undefined);
    const until = Date.parse(member(answer, 'previous_secret_until'));
    expect(Math.abs(until - Date.now() - 86_400_000)).toBeLessThan(5_000);
  });

  it('refuses a stale If-Match, a secret that is none, an overlap beyond a week, and one secret too many', async () => {
    const path = await createdWebhook(api);
    expect((await rotate(path, {}, { 'if-match': '"7"' })).status).toBe(412);
    expect((await rotate(path, { secret: 'hunter2' })).json).toMatchObject(invalidAt('secret'));
    expect((await rotate(path, { overlap_seconds: 604_801 })).json).toMatchObject(
      invalidAt('overlap_seconds'),
    );
    for (let i = 0; i < 3; i++) expect((await rotate(path)).status).toBe(200);
    expect((await rotate(path)).json).toMatchObject(invalidAt('overlap_seconds'));
    expect((await rotate(path, { overlap_seconds: 0 })).status).toBe(200);
  });
});
