import { Bus, type OwedDelivery } from '#bus';
import type { AttemptRecord } from '#domain';
import { TOPOLOGY } from '#testing';
import { startApi, type TestApi } from '../testing/api-for-tests.js';
import { createWebhook, WEBHOOKS } from '../testing/webhooks-for-tests.js';

let api: TestApi;
let dispatcher: Bus;
let webhook: string;
const asked: { owed: OwedDelivery; data: string }[] = [];
let made: Partial<AttemptRecord> = {};
beforeAll(async () => {
  api = await startApi();
  dispatcher = await Bus.open({ url: api.nats.url, name: 'spec' }, TOPOLOGY);
  dispatcher.testAttempts.serve((owed, data) => {
    asked.push({ owed, data: data.toString() });
    return Promise.resolve({ attempt: { ...attemptOf(owed), ...made } });
  });
  webhook = ((await createWebhook(api)).json as { id: string }).id;
}, 60_000);
afterAll(async () => {
  await dispatcher.close();
  await api.stop();
});
beforeEach(() => {
  made = {};
});

function attemptOf({ attempt: number, trigger }: OwedDelivery): AttemptRecord {
  return {
    ...{ id: 'att_1', number, trigger, started_at: 0, duration_ms: 1 },
    request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '' },
    ...{ response: { status: 204, headers: {}, body: '', truncated: false }, error: null },
  };
}
const test = (body: unknown) => api.ask('POST', `${WEBHOOKS}/${webhook}/test`, body);

describe('POST /webhooks/{id}/test', () => {
  it('has data and metadata sent, in the bytes in which they came', async () => {
    const [data, metadata] = ['{ "b": 1.50, "a": 9007199254740993 }', '{"z":1.0, "ü":[]}'];
    const answer = await test(`{"metadata":${metadata},"data":${data}}`);
    expect(answer.status).toBe(200);
    expect(asked.at(-1)).toMatchObject({ data, owed: { metadata, trigger: 'test', by_reference: false } });
  });

  it.each([
    ['without metadata', { data: 1 }],
    ['with null for them', { data: 1, metadata: null }],
  ])('has none sent %s', async (_what, body) => {
    expect((await test(body)).status).toBe(200);
    expect(asked.at(-1)?.owed).not.toHaveProperty('metadata');
  });

  it.each([
    ['metadata that are no object', { metadata: [1] }, 'metadata'],
    ['data that are too large', { data: 'x'.repeat(262_144) }, 'data'],
    [
      'data and metadata that are too large together',
      { data: 'x'.repeat(200_000), metadata: { a: 'x'.repeat(62_200) } },
      'metadata',
    ],
  ])('refuses %s', async (_what, body, path) => {
    const answer = await test(body);
    expect([answer.status, answer.json]).toMatchObject([422, { errors: [{ path }] }]);
  });

  it('shows what the transform wrote; null where none was run', async () => {
    expect((await test({})).json).toMatchObject({ console: null });
    made = { console: [{ level: 'warn', text: 'no total' }], response: null };
    expect((await test({})).json).toMatchObject({
      ...{ response: null, error: null, console: [{ level: 'warn', text: 'no total' }] },
    });
  });
});
