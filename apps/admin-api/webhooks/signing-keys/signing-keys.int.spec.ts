import { createHash } from 'node:crypto';
import { generateSecret } from '#signing';
import { startApi, type TestApi } from '../../testing/api-for-tests.js';
import { createdWebhook, WEBHOOKS } from '../../testing/webhooks-for-tests.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

const V1A = { format: { signature: { scheme: 'v1a' } } };
const GITHUB = {
  format: { signature: { header: 'X-Hub-Signature-256', prefix: 'sha256=', content: '{{body}}' } },
};
interface SigningKey {
  kid: string;
  public_key: string;
  jwk: Record<string, string>;
  until: string | null;
}
const keysOf = async (path: string) => {
  const { status, json } = await api.ask('GET', `${path}/signing-keys`);
  expect(status).toBe(200);
  return (json as { data: SigningKey[] }).data;
};
const idOf = (path: string) => path.slice(WEBHOOKS.length + 1);
const jwksOf = (id: string) => api.ask('GET', `/webhooks/${id}/jwks.json`, undefined, { authorization: '' });

describe('the public keys of a webhook', () => {
  it('are shown as Standard Webhooks and as JSON Web Keys write them, named by their thumbprint', async () => {
    const [key, ...others] = await keysOf(await createdWebhook(api, V1A));
    expect(others).toEqual([]);
    expect(key).toMatchObject({ algorithm: 'ed25519', until: null });
    const { x = '', kid, ...rest } = key?.jwk ?? {};
    expect(rest).toEqual({ kty: 'OKP', crv: 'Ed25519', use: 'sig', alg: 'EdDSA' });
    expect(key?.public_key).toBe(`whpk_${Buffer.from(x, 'base64url').toString('base64')}`);
    const thumbprint = createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`);
    expect([key?.kid, kid]).toEqual(Array<string>(2).fill(thumbprint.digest('base64url')));
  });

  it('are read by receivers without a key of the API, and may be kept for five minutes', async () => {
    const path = await createdWebhook(api, V1A);
    const answer = await jwksOf(idOf(path));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    expect(answer.json).toEqual({ keys: (await keysOf(path)).map(({ jwk }) => jwk) });
  });

  it('are two while its secret is replaced, and one when there is no overlap', async () => {
    const path = await createdWebhook(api, V1A);
    const [before] = await keysOf(path);
    const rotated = await api.ask('POST', `${path}/rotate-secret`, { overlap_seconds: 60 });
    const { previous_secret_until: until } = rotated.json as { previous_secret_until: string };
    const two = await keysOf(path);
    expect(two).toEqual([expect.objectContaining({ until: null }), { ...before, until }]);
    expect(two[0]?.kid).not.toBe(before?.kid);
    expect((await jwksOf(idOf(path))).json).toEqual({ keys: two.map(({ jwk }) => jwk) });
    await api.ask('POST', `${path}/rotate-secret`, { overlap_seconds: 0 });
    const one = await keysOf(path);
    expect(one).toHaveLength(1);
    expect(two.map(({ kid }) => kid)).not.toContain(one[0]?.kid);
  });

  it('are never those of a secret that could be guessed from them', async () => {
    const path = await createdWebhook(api, { ...GITHUB, secret: 'a plain old secret' });
    await api.ask('POST', `${path}/rotate-secret`);
    expect((await api.ask('PATCH', path, V1A)).status).toBe(200);
    expect(await keysOf(path)).toEqual([expect.objectContaining({ until: null })]);
  });

  it('are not there for receivers of a webhook that is signed otherwise, deleted, or nowhere', async () => {
    const deleted = await createdWebhook(api, V1A);
    await api.ask('DELETE', deleted);
    const otherwise = [await createdWebhook(api), await createdWebhook(api, GITHUB)];
    for (const path of otherwise) expect(await keysOf(path)).toEqual([]);
    const answers = [];
    for (const id of [...[deleted, ...otherwise].map(idOf), 'wh_none', 'a%20b']) {
      const { status, json } = await jwksOf(id);
      expect([status, json]).toMatchObject([404, { code: 'signing_keys_not_found' }]);
      answers.push(JSON.stringify(json));
    }
    expect(new Set(answers).size).toBe(1);
  });

  it('are those of its own tenant under /api/v1', async () => {
    const path = await createdWebhook(api, V1A);
    const elsewhere = await api.ask('GET', `${path}/signing-keys`, undefined, { 'tidings-tenant': 'globex' });
    expect([elsewhere.status, elsewhere.json]).toMatchObject([404, { code: 'webhook_not_found' }]);
  });

  it('are asked for by one address so often, and no oftener', async () => {
    const statuses = await Promise.all(Array.from({ length: 150 }, () => jwksOf('wh_none')));
    const refused = statuses.find(({ status }) => status === 429);
    expect(refused?.json).toMatchObject({ code: 'rate_limited' });
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('the signing secret of a webhook', () => {
  const faultsOf = (json: unknown) => (json as { errors?: { path: string; message: string }[] }).errors;
  const create = (more: object) =>
    api.ask('POST', WEBHOOKS, {
      name: `s ${Math.random()}`,
      url: 'https://a.example/',
      event_types: ['*'],
      ...more,
    });

  it.each(['12345678', 'ü'.repeat(256), '\t\n white space \u0000', 'whsec_short'])(
    'may be any text of 8 to 256 characters where its format has an HMAC of its own: %j',
    async (secret) => {
      for (const format of [GITHUB, { format: 'taskflow' }, { format: 'nexus' }, { format: 'notely' }]) {
        const answer = await create({ ...format, secret });
        expect([answer.status, answer.json]).toMatchObject([201, { secret }]);
      }
    },
  );

  it.each<[string, object, string]>([
    ['7 characters', GITHUB, '1234567'],
    ['257 characters', GITHUB, 'x'.repeat(257)],
    ['half a letter', GITHUB, 'eight \ud800'],
    ['a plain text for standard', {}, 'a plain old secret'],
    ['a plain text for ed25519', V1A, 'a plain old secret'],
    [
      'a plain text for a format that earlier receivers did not verify',
      { format: 'rag-chatbot' },
      'a plain text',
    ],
  ])('is refused with its reason: %s', async (_title, format, secret) => {
    const created = await create({ ...format, secret });
    expect([created.status, faultsOf(created.json)?.map(({ path }) => path)]).toEqual([422, ['secret']]);
    const path = await createdWebhook(api, format);
    const rotated = await api.ask('POST', `${path}/rotate-secret`, { secret });
    expect([rotated.status, faultsOf(rotated.json)?.map(({ path }) => path)]).toEqual([422, ['secret']]);
  });

  it('that is a plain text keeps its webhook from formats of Standard Webhooks, until it is rotated', async () => {
    const path = await createdWebhook(api, { ...GITHUB, secret: 'a plain old secret' });
    const current = (await api.ask('GET', path)).json as Record<string, unknown>;
    const { name, url, event_types } = current;
    for (const format of ['standard', 'slack', V1A.format, null]) {
      const patch = await api.ask('PATCH', path, { format });
      expect(patch.status).toBe(422);
      expect(faultsOf(patch.json)).toEqual([
        {
          path: 'format',
          message: expect.stringMatching(/^needs a signing secret of Standard .*rotate it first/) as unknown,
        },
      ]);
    }
    expect((await api.ask('PUT', path, { name, url, event_types })).status).toBe(422);
    expect((await api.ask('PATCH', path, { format: 'taskflow', tags: ['a'] })).status).toBe(200);
    await api.ask('POST', `${path}/rotate-secret`, { secret: generateSecret() });
    expect((await api.ask('PATCH', path, { format: 'standard' })).status).toBe(200);
  });

  it('serves a format with an HMAC too when it is one of Standard Webhooks', async () => {
    const path = await createdWebhook(api, { secret: generateSecret() });
    expect((await api.ask('PATCH', path, GITHUB)).status).toBe(200);
    const own = {
      scheme: 'hmac-sha256',
      header: 'X-Hub-Signature-256',
      prefix: 'sha256=',
      content: '{{body}}',
    };
    expect((await api.ask('GET', path)).json).toMatchObject({
      format: { body: null, headers: {}, signature: { ...own, encoding: 'hex' } },
    });
  });
});

describe('a merge patch of a signature', () => {
  it('is merged with one of the same kind, and replaces one of another', async () => {
    const path = await createdWebhook(api, GITHUB);
    const patched = async (signature: object) => {
      const { status, json } = await api.ask('PATCH', path, { format: { signature } });
      expect(status).toBe(200);
      return (json as { format: { signature: object } }).format.signature;
    };
    const own = { header: 'X-Hub-Signature-256', prefix: 'sha256=', content: '{{body}}', encoding: 'hex' };
    expect(await patched({ scheme: 'hmac-sha512' })).toEqual({ ...own, scheme: 'hmac-sha512' });
    expect(await patched({ scheme: 'v1a' })).toEqual({ scheme: 'v1a' });
    expect(await patched({ ...own, scheme: 'hmac-sha256' })).toEqual({ ...own, scheme: 'hmac-sha256' });
  });
});
