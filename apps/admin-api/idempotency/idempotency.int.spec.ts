import { createHash } from 'node:crypto';
import type { RunningApp } from '#observability';
import { beginRequest, forgetExpired, openDatabase, type DataSource } from '#persistence';
import { startAdminApi } from '../start-admin-api.js';
import { member, startApi, type TestAnswer, type TestApi } from '../testing/api-for-tests.js';
import { webhookFields, WEBHOOKS } from '../testing/webhooks-for-tests.js';

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

let count = 0;
const fresh = () => `request-${++count}`;
const post = (key: string, body: unknown, path = WEBHOOKS, headers: Record<string, string> = {}) =>
  api.ask('POST', path, body, { 'idempotency-key': key, ...headers });
const postOther = (key: string, body: unknown): Promise<TestAnswer> => {
  const own = api.url;
  api.url = other.url;
  const asked = post(key, body);
  api.url = own;
  return asked;
};
const head = ({ status, headers }: TestAnswer) => [
  status,
  ...['content-type', 'etag', 'location'].map((name) => headers.get(name)),
];
const webhooksNamed = async (name: string): Promise<number> => {
  const found: unknown[] = await database.query('SELECT id FROM webhooks WHERE name = $1', [name]);
  return found.length;
};

describe('a POST with an Idempotency-Key', () => {
  it('runs once: sent again, to any replica, it has the first answer, byte for byte', async () => {
    const [key, body] = [fresh(), webhookFields()];
    const first = await post(key, body);
    expect(first.status).toBe(201);
    for (const again of [await post(key, body), await postOther(key, body)]) {
      expect(again.text).toBe(first.text);
      expect(head(again)).toEqual(head(first));
      expect(again.headers.get('idempotency-replayed')).toBe('true');
    }
    expect(await webhooksNamed(body.name)).toBe(1);
  });

  it('answers as the same request without the header would', async () => {
    const [with_, without] = [
      await post(fresh(), webhookFields()),
      await api.ask('POST', WEBHOOKS, webhookFields()),
    ];
    expect(head(with_).slice(0, 3)).toEqual(head(without).slice(0, 3));
    expect(Object.keys(with_.json as object)).toEqual(Object.keys(without.json as object));
  });

  it('runs once when it is sent to two replicas at the same time, many times over', async () => {
    for (let round = 0; round < 10; round++) {
      const [key, body] = [fresh(), webhookFields()];
      const answers = await Promise.all([post(key, body), postOther(key, body), post(key, body)]);
      expect(await webhooksNamed(body.name)).toBe(1);
      const made = answers.filter(({ status }) => status === 201);
      expect(new Set(made.map(({ text }) => text)).size).toBe(1);
      for (const { status, json, headers } of answers.filter((answer) => !made.includes(answer))) {
        expect([status, json]).toMatchObject([409, { code: 'idempotency_in_flight' }]);
        expect(headers.get('retry-after')).toBe('1');
      }
    }
  });

  it('with another body, or from another caller, is refused and does nothing', async () => {
    const [key, body] = [fresh(), webhookFields()];
    await post(key, body);
    const changed = webhookFields();
    const refused = await post(key, changed);
    expect([refused.status, refused.json]).toMatchObject([422, { code: 'idempotency_key_reused' }]);
    expect(await webhooksNamed(changed.name)).toBe(0);
    const admin = await api.ask('POST', '/api/v1/keys', { name: 'k', role: 'admin' });
    const stranger = await post(key, body, WEBHOOKS, { authorization: `Bearer ${member(admin, 'key')}` });
    expect(stranger.json).toMatchObject({ code: 'idempotency_key_reused' });
  });

  it('is another request in another tenant or on another route', async () => {
    const [key, body] = [fresh(), webhookFields()];
    await post(key, body);
    expect(
      (await post(key, body, WEBHOOKS, { 'tidings-tenant': 'acme' })).headers.get('idempotency-replayed'),
    ).toBeNull();
    expect((await post(key, { type: 'a.b', data: 1 }, '/api/v1/events')).status).toBe(202);
  });

  it('that was refused for what it asks is refused again in the same words', async () => {
    const key = fresh();
    const first = await post(key, { colour: 'red' });
    expect(first.status).toBe(422);
    const again = await post(key, { colour: 'red' });
    expect([again.text, ...head(again)]).toEqual([first.text, ...head(first)]);
  });

  it('that failed because of us may be sent again, and then runs', async () => {
    const [key, event] = [fresh(), { type: 'a.b', data: 1 }];
    await api.nats.kill();
    const failed = await post(key, event, '/api/v1/events');
    expect(failed.status).toBe(503);
    await api.nats.restart();
    let answer = failed;
    for (let tries = 0; answer.status >= 500 && tries < 40; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      answer = await post(key, event, '/api/v1/events');
    }
    expect(answer.status).toBe(202);
  }, 60_000);

  it('whose process died in the middle is free again when its lease ends', async () => {
    const request = {
      tenant: 'default',
      key: fresh(),
      route: 'POST /x',
      hash: createHash('sha256').digest(),
    };
    expect(await beginRequest(database, request, 300)).toMatchObject({ kind: 'held' });
    expect(await beginRequest(database, request, 300)).toEqual({ kind: 'in_flight' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const other = { ...request, hash: createHash('sha256').update('other').digest() };
    expect(await beginRequest(database, other, 300)).toEqual({ kind: 'other_request' });
    expect(await beginRequest(database, request, 300)).toMatchObject({ kind: 'held' });
  });

  it('is forgotten after 24 hours', async () => {
    const [key, body] = [fresh(), webhookFields()];
    await post(key, body);
    const [row]: { hours: number }[] = await database.query(
      `SELECT round(extract(epoch FROM expires_at - now()) / 3600)::int AS hours FROM idempotency_keys WHERE key = $1`,
      [key],
    );
    expect(row?.hours).toBe(24);
    await database.query(
      `UPDATE idempotency_keys SET expires_at = now() - interval '1 second' WHERE key = $1`,
      [key],
    );
    expect((await post(key, body)).json).toMatchObject({ code: 'webhook_name_taken' });
    await database.query(
      `UPDATE idempotency_keys SET expires_at = now() - interval '1 second' WHERE key = $1`,
      [key],
    );
    expect(await forgetExpired(database)).toBe(1);
  });

  it.each(['', 'a b', 'x'.repeat(201)])('cannot be called %j', async (key) => {
    const answer = await post(key, webhookFields());
    expect([answer.status, answer.json]).toMatchObject([422, { errors: [{ path: 'Idempotency-Key' }] }]);
  });
});

describe('a kept answer', () => {
  it('holds no secret in clear', async () => {
    const webhook = await post(fresh(), webhookFields());
    const key = await post(fresh(), { name: 'k', role: 'viewer' }, '/api/v1/keys');
    const rows = JSON.stringify(await database.query('SELECT * FROM idempotency_keys'));
    for (const secret of [member(webhook, 'secret'), member(key, 'key')]) expect(rows).not.toContain(secret);
    expect(rows).not.toContain('whsec_');
  });

  it('that is sealed with a key which is not there any more is not given, and nothing is done again', async () => {
    const [key, body] = [fresh(), webhookFields()];
    await post(key, body);
    await database.query(
      `UPDATE idempotency_keys SET answer = 'gone.' || split_part(answer, '.', 2) WHERE key = $1`,
      [key],
    );
    const again = await post(key, body);
    expect([again.status, again.json]).toMatchObject([409, { code: 'idempotency_answer_unreadable' }]);
  });
});
