import type { Preview, PreviewAnswer, PreviewQuestion } from '#bus';
import { waitFor } from '#testing';
import { member, startApi, type TestAnswer, type TestApi } from '../testing/api-for-tests.js';
import { openRecord, type TestRecord } from '../testing/record-for-tests.js';
import { createdWebhook, invalidAt, WEBHOOKS } from '../testing/webhooks-for-tests.js';

const NOTHING: Preview = {
  ...{ request: null, truncated: false, before: null, dropped: true, error: null, console: null },
  transform_ms: null,
};

let api: TestApi;
let record: TestRecord;
/** What dispatchers were asked, and with which data. */
let asked: { question: PreviewQuestion; data: string }[] = [];
/** What they answer. */
let answer: () => PreviewAnswer;

beforeAll(async () => {
  api = await startApi();
  record = await openRecord(api);
}, 60_000);
afterAll(async () => {
  await record.close();
  await api.stop();
});
beforeEach(() => {
  asked = [];
  answer = () => ({ preview: NOTHING });
});

const refused = ({ status, json }: TestAnswer) => [status, (json as { code: string }).code];
const preview = (path: string, body?: unknown, headers?: Record<string, string>) =>
  api.ask('POST', `${path}/preview`, body, headers);

it('a preview without any dispatcher is refused with 503', async () => {
  const missing = await preview(await createdWebhook(api));
  expect(refused(missing)).toEqual([503, 'no_dispatcher']);
  expect(missing.headers.get('retry-after')).toBe('2');
});

describe('a preview', () => {
  let stop: () => Promise<void>;
  beforeAll(async () => {
    stop = record.bus.previews.serve((question, data) => {
      asked.push({ question, data: data.toString() });
      return Promise.resolve(answer());
    });
    const path = await createdWebhook(api);
    await waitFor(async () => expect((await preview(path)).status).toBe(200));
  });
  afterAll(() => stop());

  it('of a sample takes data and metadata to the byte, and type, format and transform as they are given', async () => {
    const path = await createdWebhook(api);
    const transform = 'function transform() { return null; }';
    const given = `{"event_type":"order.paid","data":{"b":1.50,"a":9007199254740993},"metadata":{ "z":1 },
      "format":"raw","transform":${JSON.stringify(transform)}}`;
    expect((await preview(path, given)).status).toBe(200);
    const [{ question, data } = { question: undefined, data: '' }] = asked;
    expect(data).toBe('{"b":1.50,"a":9007199254740993}');
    expect(question).toMatchObject({
      owed: { event_type: 'order.paid', metadata: '{ "z":1 }', attempt: 1 },
      ...{ format: 'raw', transform, draft: false, version: 1 },
    });
  });

  it('of an event of the record has its id, time and payload, and the delivery that it would be', async () => {
    const path = await createdWebhook(api);
    const { id, type, accepted_at } = await record.event({ metadata: '{"by":"me"}' });
    expect((await preview(path, { event_id: id })).status).toBe(200);
    expect(asked[0]?.data).toBe('{"größe":1.0}');
    expect(asked[0]?.question.owed).toMatchObject({
      ...{ event: id, event_type: type, created_at: accepted_at, metadata: '{"by":"me"}' },
    });
  });

  it.each([
    ['transform', { transform: null }, { transform: null }],
    ['nothing', {}, {}],
  ])('leaves to the webhook what is not given: %s given', async (_, given, wanted) => {
    await preview(await createdWebhook(api), given);
    const { owed, ...rest } = asked[0]!.question;
    expect(owed.event_type).toBe('webhook.test');
    expect(rest).toEqual({ version: 1, draft: false, ...wanted });
  });

  it('is of the webhook as it was saved last: dispatchers that know an older one are asked again', async () => {
    const path = await createdWebhook(api);
    await api.ask('PATCH', path, { description: 'changed' });
    answer = () => (asked.length < 3 ? { refused: 'webhook_unknown' } : { preview: NOTHING });
    expect((await preview(path)).status).toBe(200);
    expect(asked.map(({ question }) => question.version)).toEqual([2, 2, 2]);
  });

  it('names the variables of its curl line, and what the command lacks', async () => {
    const request = {
      ...{ method: 'POST', url: 'https://example.com/hook', body: '{}' },
      headers: { Authorization: 'Bearer ********' },
    } as const;
    answer = () => ({ preview: { ...NOTHING, dropped: false, truncated: true, request } });
    const shown = await preview(await createdWebhook(api));
    const curl = member(shown, 'curl');
    expect(curl).toMatch(/^# Secrets are not shown: set \$TIDINGS_AUTHORIZATION first\.\n# The body is cut/);
    expect(curl).toContain(`-H 'Authorization: Bearer '"$TIDINGS_AUTHORIZATION"`);
  });

  it('is refused where there is nothing to show', async () => {
    const path = await createdWebhook(api);
    const gone = await record.event({ data: null });
    const foreign = await record.event({ tenant: 'acme' });
    expect(refused(await preview(path, { event_id: gone.id }))).toEqual([409, 'payload_expired']);
    expect(refused(await preview(path, { event_id: foreign.id }))).toEqual([404, 'event_not_found']);
    expect(refused(await preview(path, { event_id: 'evt_none' }))).toEqual([404, 'event_not_found']);
    const other = await preview(path, {}, { 'tidings-tenant': 'acme' });
    expect(refused(other)).toEqual([404, 'webhook_not_found']);
    expect(refused(await preview(`${WEBHOOKS}/wh_none`))).toEqual([404, 'webhook_not_found']);
    expect(asked).toEqual([]);
  });

  it('is refused with the path of what is wrong, as when a webhook is saved', async () => {
    const path = await createdWebhook(api, { headers: { 'X-Mine': '1' } });
    const wrong: [object, string][] = [
      [{ event_id: 'evt_1', data: {} }, 'data'],
      [{ event_id: 'evt_1', event_type: 'order.paid' }, 'event_type'],
      [{ event_type: 'order paid' }, 'event_type'],
      [{ data: 'x'.repeat(256 * 1024) }, 'data'],
      [{ format: { headers: { Host: 'a' } } }, 'format.headers.Host'],
      [{ format: { headers: { 'x-mine': '2' } } }, 'format.headers.x-mine'],
      [{ transform: 'function transform() {}\0' }, 'transform'],
      [{ none: 1 }, 'none'],
    ];
    for (const [body, at] of wrong) expect((await preview(path, body)).json).toMatchObject(invalidAt(at));
    expect(asked).toEqual([]);
  });
});

describe('POST /transforms/try', () => {
  let stop: () => Promise<void>;
  beforeAll(() => {
    stop = record.bus.previews.serve((question, data) => {
      asked.push({ question, data: data.toString() });
      return Promise.resolve(answer());
    });
  });
  afterAll(() => stop());

  const attempt = (body: unknown, headers?: Record<string, string>) =>
    api.ask('POST', '/api/v1/transforms/try', body, headers);

  it('answers 200 with what failed, and shows nothing after it', async () => {
    const error = { kind: 'transform', message: 'no (line 1)' } as const;
    answer = () => ({ preview: { ...NOTHING, dropped: false, error, transform_ms: 3 } });
    const body = { transform: 'function transform() { throw new Error("no"); }' };
    await waitFor(async () => {
      const { status, json } = await attempt(body);
      expect([status, json]).toMatchObject([200, { after: null, error, duration_ms: 3 }]);
    });
    expect(asked[0]?.question).toMatchObject({
      draft: true,
      format: 'standard',
      owed: { webhook: 'try-default' },
    });
  });

  it('is refused with the path of what is malformed', async () => {
    expect((await attempt({})).json).toMatchObject(invalidAt('transform'));
    expect((await attempt({ transform: null, format: 'none' })).json).toMatchObject(invalidAt('format'));
    const format = { body: '{{data', headers: {} };
    expect((await attempt({ transform: null, format })).json).toMatchObject(invalidAt('format.body'));
  });

  it('needs a key that may change webhooks', async () => {
    const made = await api.ask('POST', '/api/v1/keys', { name: 'looks', role: 'viewer' });
    const headers = { authorization: `Bearer ${member(made, 'key')}` };
    expect(refused(await attempt({ transform: null }, headers))).toEqual([403, 'forbidden']);
    expect(refused(await preview(await createdWebhook(api), {}, headers))).toEqual([403, 'forbidden']);
    expect((await api.ask('GET', '/api/v1/formats', undefined, headers)).status).toBe(200);
  });
});
