import { Bus } from '#bus';
import { CLIENT, waitFor } from '#testing';
import { startApi, type TestApi } from '../testing/api-for-tests.js';
import { createWebhook, createdWebhook, invalidAt, WEBHOOKS } from '../testing/webhooks-for-tests.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
}, 60_000);
afterAll(() => api.stop());

const padded = (pem: string) => pem + '\n'.repeat(32_768 - pem.length);

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
    ['a format with an empty body', { format: { body: '' } }, 'format.body'],
    ['a format with more than there is', { format: { body: '{}', colour: 'red' } }, 'format.colour'],
    [
      'a format with a header that Tidings sets',
      { format: { body: '{}', headers: { 'webhook-id': '1' } } },
      'format.headers.webhook-id',
    ],
    [
      'a format that signs as nobody can',
      { format: { body: '{}', signature: { scheme: 'rot13', header: 'X-Sign', content: 'x' } } },
      'format.signature.scheme',
    ],
    [
      'a format that signs what nobody knows',
      { format: { signature: { header: 'X-Sign', content: '{{url}}{{body}}' } } },
      'format.signature.content',
    ],
    [
      'a signature of Standard Webhooks in a header of its own',
      { format: { signature: { scheme: 'v1a', header: 'X-Sign' } } },
      'format.signature.header',
    ],
    ['a template that is not JSON', { format: { body: 'Order {{data.id}}' } }, 'format.body'],
    ['a template that is JSON for numbers only', { format: { body: '{"a":-{{data.n}}}' } }, 'format.body'],
    ['a template that reaches beyond the event', { format: { body: '{{process.env}}' } }, 'format.body'],
    [
      'a header with a filter that there is not',
      { format: { body: null, headers: { 'X-A.b': '{{type | shout}}' } } },
      'format.headers.X-A.b',
    ],
    [
      'a header that no header can hold',
      { format: { body: null, headers: { 'X-A': 'ü' } } },
      'format.headers.X-A',
    ],
    [
      'a body of a type that no template can write',
      { format: { body: 'x', headers: { 'Content-Type': 'image/png' } } },
      'format.headers.Content-Type',
    ],
    [
      'a format that sets a header which the webhook sets',
      { format: 'taskflow', headers: { 'x-taskflow-event': 'x' } },
      'format',
    ],
    ['an empty transform', { transform: '' }, 'transform'],
    ['a transform that is not JavaScript', { transform: 'function transform(event) {' }, 'transform'],
    ['a transform without its function', { transform: 'const other = () => 1;' }, 'transform'],
    ['a transform that never gets there', { transform: 'for (;;);' }, 'transform'],
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

  it('reach the data plane also where they are as large as they may be', async () => {
    const headers = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`X-${i}`, 'x'.repeat(1_024)]));
    const path = await createdWebhook(api, {
      format: { body: `"${'漢'.repeat(65_534)}"`, headers },
      transform: `function transform() {}${'\n'.repeat(65_536 - 23)}`,
      auth: {
        type: 'mtls',
        ...CLIENT,
        certificate: padded(CLIENT.certificate),
        ca: padded(CLIENT.certificate),
      },
    });
    const bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
    const id = path.slice(WEBHOOKS.length + 1);
    const told = await waitFor(async () => {
      const webhook = await bus.webhooks.get('default', id);
      expect(webhook).toBeDefined();
      return JSON.stringify(webhook);
    });
    await bus.close();
    expect(Buffer.byteLength(told)).toBeGreaterThan(400_000);
  });
});
