import { jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import {
  CLIENT,
  startCollector,
  startReceiver,
  startStandalone,
  waitFor,
  type Collector,
  type Receiver,
  type RunningStandalone,
} from '#testing';

jest.setTimeout(120_000);

/** Unmistakable, and in no alphabet that an encoding would leave as it is. */
const plant = (what: string) => `planted-${what}?${randomBytes(12).toString('hex')}`;
const key = randomBytes(32);
const planted: Record<string, string> = {
  'signing secret, supplied': `whsec_${Buffer.from(plant('signing-secret-x')).toString('base64')}`,
  'header value': plant('header'),
  'bearer token': plant('bearer'),
  'api key': plant('api-key'),
  'basic password': plant('basic'),
  'hmac secret': plant('hmac'),
  'oauth2 client secret': plant('client-secret'),
  'oauth2 access token': plant('access-token'),
  'idempotent signing secret': `whsec_${Buffer.from(plant('kept-secret-xx')).toString('base64')}`,
  'secret in a refused body': plant('refused'),
  'secret in malformed JSON': plant('malformed'),
  'header for the collector': plant('collector'),
  'query of a webhook': plant('query'),
  'wrong API key': 'tdg_wrong_plantedplantedplantedplanted',
};
/** What stands in files that only their owner may read, and that need it. */
const OWNERS_FILES = ['kept.json', 'standalone.json', 'nats/nats-server.conf', 'children.json'];

let system: RunningStandalone;
let receiver: Receiver;
let collector: Collector;
const answers: string[] = [];

beforeAll(async () => {
  planted['encryption key'] = key.toString('base64');
  receiver = await startReceiver(({ path, headers }) => {
    if (path === '/token')
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          access_token: planted['oauth2 access token'],
          token_type: 'Bearer',
          expires_in: 60,
        }),
      };
    // Receivers that tell what they were sent are common while webhooks are set up.
    const echo = JSON.stringify(headers);
    return path.includes('fails')
      ? { status: 500, headers: { echo }, body: 'no' }
      : { status: 200, body: echo };
  });
  collector = await startCollector();
  // It refuses, so that what is logged of that is searched too.
  collector.answer(({ headers }) => ({ status: 400, body: JSON.stringify(headers) }));
  system = await startStandalone({
    env: {
      TIDINGS_LOG_LEVEL: 'trace',
      TIDINGS_ENCRYPTION_KEYS: `k1:${planted['encryption key']}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `x-key=${encodeURIComponent(planted['header for the collector'] ?? '')}`,
    },
  });
  const kept = JSON.parse(await readFile(join(system.dataDir, 'kept.json'), 'utf8')) as Record<
    string,
    string
  >;
  planted['operator key'] = system.operatorKey.split('_').slice(2).join('_');
  planted['PostgreSQL password'] = kept['postgres_password'] ?? '';
  planted['NATS password'] = kept['nats_password'] ?? '';
}, 120_000);

afterAll(async () => {
  await system?.stop();
  await receiver?.stop();
  await collector?.stop();
});

/** Asks, and keeps the answer to be searched. */
async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await system.api<Record<string, unknown>>(method, path, body, headers);
  answers.push(JSON.stringify(answer.body ?? ''));
  return answer;
}

/** As it is, and in each form under which it might have slipped through. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inner = /^whsec_(.*)$/.exec(secret)?.[1];
  return [
    secret,
    encodeURIComponent(secret),
    bytes.toString('hex'),
    // Within a longer text it may begin at any of three places; what does not depend on the neighbours stands within.
    ...[0, 1, 2].flatMap((shift) => {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      const sure = shifted.slice(shift === 0 ? 0 : 4, -2);
      return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')];
    }),
    ...(inner
      ? [inner, Buffer.from(inner, 'base64').toString(), Buffer.from(inner, 'base64').toString('hex')]
      : []),
    ...(secret === key.toString('base64') ? [key.toString('hex'), key.toString('base64url')] : []),
  ];
}

/** Which secrets stand in the bytes. */
function foundIn(bytes: Buffer): string[] {
  return Object.entries(planted).flatMap(([what, secret]) =>
    formsOf(secret).some((form) => bytes.includes(form)) ? [what] : [],
  );
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** Every row of every table, as text. */
async function dump(): Promise<string> {
  const client = new pg.Client({ connectionString: system.databaseUrl });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    const texts: string[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} AS t`);
      texts.push(...rows.map(({ text }) => text));
    }
    expect(texts.join()).toContain('k1.');
    return texts.join('\n');
  } finally {
    await client.end();
  }
}

describe('no secret that the system was told', () => {
  it('can be found in what it wrote: logs, PostgreSQL, NATS, answers, metrics, traces', async () => {
    planted['client key'] = CLIENT.private_key.split('\n')[2] ?? '';
    const auths: Record<string, object> = {
      bearer: { type: 'bearer', token: planted['bearer token'] },
      api_key: { type: 'api_key', key: planted['api key'] },
      basic: { type: 'basic', username: 'ann', password: planted['basic password'] },
      hmac: { type: 'hmac', secret: planted['hmac secret'] },
      oauth2: {
        ...{ type: 'oauth2', token_url: `${receiver.url}/token`, client_id: 'us' },
        client_secret: planted['oauth2 client secret'],
      },
      mtls: { type: 'mtls', certificate: CLIENT.certificate, private_key: CLIENT.private_key },
    };
    const webhooks: string[] = [];
    for (const [name, auth] of Object.entries(auths))
      for (const fate of ['works', 'fails']) {
        // Shown once, so this answer is not kept.
        const made = await system.api<{ id: string; secret: string }>('POST', '/webhooks', {
          ...{ name: `${name} ${fate}`, url: `${receiver.url}/${name}-${fate}`, event_types: ['a'], auth },
          headers: { 'X-Secret-Token': planted['header value'] },
          ...(name === 'bearer' ? {} : { secret: planted['signing secret, supplied'] }),
        });
        expect([made.status, made.body]).toMatchObject([201, {}]);
        if (name === 'bearer') planted[`signing secret, generated, of ${fate}`] = made.body.secret;
        webhooks.push(made.body.id);
      }
    const idempotent = {
      ...{ name: 'kept', url: `${receiver.url}/kept`, event_types: ['b'] },
      secret: planted['idempotent signing secret'],
    };
    for (let i = 0; i < 2; i++)
      await system.api('POST', '/webhooks', idempotent, { 'idempotency-key': 'planted-1' });
    const made = await system.api<{ key: string }>('POST', '/keys', { name: 'k', role: 'viewer' });
    expect(made.status).toBe(201);
    planted['API key'] = made.body.key.split('_').slice(2).join('_');

    // Faults, with secrets in what is refused.
    await ask('POST', '/webhooks', {
      name: 'x',
      url: 'nope',
      auth: { type: 'bearer', token: planted['secret in a refused body'] },
    });
    await ask('POST', '/webhooks', {
      ...{ name: 'kept', url: `${receiver.url}/`, event_types: ['a'] },
      auth: { type: 'bearer', token: planted['secret in a refused body'] },
    });
    const raw = await fetch(`${system.apiUrl}/api/v1/webhooks`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.operatorKey}`, 'content-type': 'application/json' },
      body: `{"auth": {"token": "${planted['secret in malformed JSON']}"`,
    });
    expect(raw.status).toBe(400);
    answers.push(await raw.text());
    expect(
      (await ask('GET', '/webhooks', undefined, { authorization: `Bearer ${planted['wrong API key']}` }))
        .status,
    ).toBe(401);

    expect((await ask('POST', '/events', { type: 'a', data: { n: 1 } })).status).toBe(202);
    for (const name of Object.keys(auths))
      for (const fate of ['works', 'fails'])
        await waitFor(() => expect(receiver.to(`/${name}-${fate}`).length).toBeGreaterThan(0), 20_000);
    await waitFor(async () => {
      const { body } = await ask('GET', '/deliveries?status=success');
      expect((body['data'] as unknown[]).length).toBe(Object.keys(auths).length);
    }, 20_000);

    for (const path of ['/webhooks', '/deliveries', '/events', '/keys', '/tenants', '/system', '/stats'])
      await ask('GET', path);
    const { body } = await ask('GET', '/deliveries');
    for (const { id } of body['data'] as { id: string }[]) await ask('GET', `/deliveries/${id}`);
    for (const id of webhooks)
      for (const path of ['', '/history', '/activity'])
        await ask('GET', `/webhooks/${id}${path}`).catch(() => undefined);
    answers.push(await (await fetch(`${system.apiUrl}/openapi.json`)).text());
    const targets = JSON.parse(await readFile(join(system.dataDir, 'prometheus-targets.json'), 'utf8')) as {
      targets: string[];
    }[];
    expect(targets).toHaveLength(3);
    for (const {
      targets: [address],
    } of targets)
      for (const path of ['/metrics', '/health/ready']) {
        const text = await (await fetch(`http://${address}${path}`)).text();
        expect(text).toMatch(/tidings_build_info|"status":"ok"/);
        answers.push(text);
      }

    // A query is a secret to nobody who may see the webhook, but traces go elsewhere.
    const asked = { type: 'q', data: 1 };
    const query = encodeURIComponent(planted['query of a webhook'] ?? '');
    await system.api('POST', '/webhooks', {
      ...{ name: 'query', url: `${receiver.url}/query?key=${query}`, event_types: ['q'] },
    });
    await system.api('POST', '/events', asked);
    await waitFor(() => expect(receiver.to(`/query?key=${query}`)).toHaveLength(1), 20_000);
    const spanOfQuery = () =>
      collector.spans.filter(({ attributes }) => String(attributes['url.full']).endsWith('/query'));
    await waitFor(() => expect(spanOfQuery()).toHaveLength(1));
    expect(collector.exports.at(-1)).toHaveProperty('x-key', planted['header for the collector']);
    expect(foundIn(Buffer.from(JSON.stringify(collector.spans)))).toEqual([]);
    delete planted['query of a webhook'];

    expect(foundIn(Buffer.from(answers.join('\n')))).toEqual([]);
    // What a person at the terminal is shown on purpose, to be copied.
    const printed = system.output().replaceAll(system.operatorKey, '').replaceAll(system.natsUrl, '');
    expect(foundIn(Buffer.from(printed))).toEqual([]);

    // PostgreSQL compresses what is long in its files; here it says all that it has.
    expect(foundIn(Buffer.from(await dump()))).toEqual([]);
    const { dataDir } = system;
    const found: Record<string, string[]> = {};
    for (const file of await filesOf(dataDir)) {
      const name = file.slice(dataDir.length + 1);
      const secrets = foundIn(await readFile(file).catch(() => Buffer.alloc(0)));
      if (OWNERS_FILES.includes(name)) expect((await stat(file)).mode & 0o777).toBe(0o600);
      else if (secrets.length > 0) found[name] = secrets;
    }
    expect(found).toEqual({});
    // The search finds what is there.
    expect(foundIn(await readFile(join(dataDir, 'kept.json')))).toContain('NATS password');
  });
});
