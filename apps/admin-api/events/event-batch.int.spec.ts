import { Bus } from '#bus';
import { waitFor } from '#testing';
import { startApi, type TestApi } from '../testing/api-for-tests.js';
import { startAdminApi } from '../start-admin-api.js';

let api: TestApi;
let bus: Bus;
beforeAll(async () => {
  api = await startApi();
  bus = await Bus.open({ url: api.nats.url, name: 'spec' }, api.options.topology);
}, 60_000);
afterAll(async () => {
  await bus.close();
  await api.stop();
});

const EVENTS = '/api/v1/events';
const batch = (body: unknown) => api.ask('POST', `${EVENTS}/batch`, body);

describe('publishing a batch', () => {
  it('answers each event for itself, in their order', async () => {
    const answer = await batch({
      events: [
        { type: 'batch.one', data: { n: 1 }, id: 'b-1' },
        { type: 'not a type', data: 1 },
        { type: 'batch.one', data: { n: 1 }, id: 'b-1' },
        7,
        { type: 'batch.two', data: null },
        { type: 'batch.two' },
      ],
    });
    expect(answer.status).toBe(202);
    const problem = (path: string) => ({ code: 'invalid_request', errors: [{ path }] });
    expect(answer.json).toMatchObject({
      accepted: 3,
      refused: 3,
      data: [
        { index: 0, id: 'b-1', duplicate: false },
        { index: 1, problem: problem('type') },
        { index: 2, id: 'b-1', duplicate: true },
        { index: 3, problem: problem('') },
        { index: 4, id: expect.stringMatching(/^evt_/) as string, duplicate: false },
        { index: 5, problem: problem('data') },
      ],
    });
  });

  it('keeps the bytes of each payload', async () => {
    const data = ['{ "z":1.0, "a":[1 ] }', '12345678901234567890', '"é]},{"'];
    const items = data.map((text, i) => `{"data":${text},"type":"batch.bytes","id":"bytes-${i}"}`);
    const answer = await batch(`{"events": [ ${items.join(' , ')} ]}`);
    expect(answer.json).toMatchObject({ accepted: 3 });
    const journal: string[] = [];
    const consumer = bus.consumer({
      plan: {
        stream: 'EVENTS',
        durable: 'bytes',
        filter: 'events.default.batch.bytes',
        ackWaitMs: 9_000,
        maxAckPending: 10,
      },
      capacity: 10,
      handle: (message) => {
        journal.push(Buffer.from(message.payload).toString());
        return Promise.resolve({ kind: 'done' });
      },
      report: () => undefined,
    });
    await consumer.start();
    await waitFor(() => expect(journal).toHaveLength(3));
    data.forEach((text, i) => expect(journal[i]).toContain(`"data":${text}`));
    await consumer.drain(100);
  });

  it('of a thousand is one round of publishing, not a thousand', async () => {
    const events = Array.from({ length: 1_000 }, (_, n) => ({ type: 'batch.many', data: { n } }));
    const begun = performance.now();
    const answer = await batch({ events });
    expect(answer.json).toMatchObject({ accepted: 1_000, refused: 0 });
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it.each([
    ['none', { events: [] }],
    ['1,001', { events: Array(1_001).fill({ type: 'a', data: 1 }) }],
    ['what is no list', { events: {} }],
    ['something beside them', { events: [{ type: 'a', data: 1 }], more: 1 }],
  ])('of %s is refused with 422', async (_title, body) => {
    expect((await batch(body)).status).toBe(422);
  });
});

describe('a tenant that is strict about event types', () => {
  const post = (body: object) => api.ask('POST', EVENTS, body);
  const beStrict = (strict_event_types: boolean) =>
    api.ask('PATCH', '/api/v1/tenants/default', { strict_event_types });
  beforeAll(async () => {
    await api.ask('POST', '/api/v1/event-types', {
      name: 'strict.order',
      schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
    });
    await api.ask('POST', '/api/v1/event-types', { name: 'strict.old', archived: true });
    await beStrict(true);
    await waitFor(async () => expect((await post({ type: 'a', data: 1 })).status).toBe(422));
  });
  afterAll(() => beStrict(false));

  it('has its events taken when they fit', async () => {
    expect((await post({ type: 'strict.order', data: { id: 1 } })).status).toBe(202);
  });

  it.each<[string, object, string, string]>([
    ['unknown', { type: 'strict.none', data: 1 }, 'unknown_event_type', 'type'],
    ['archived', { type: 'strict.old', data: 1 }, 'unknown_event_type', 'type'],
    ['lacking a member', { type: 'strict.order', data: {} }, 'invalid_data', 'data.id'],
    ['of the wrong type inside', { type: 'strict.order', data: { id: 'x' } }, 'invalid_data', 'data.id'],
  ])('has events refused with 422 that are %s, with the path', async (_title, body, code, path) => {
    const answer = await post(body);
    expect([answer.status, answer.json]).toMatchObject([422, { code, errors: [{ path }] }]);
  });

  it('has each event of a batch held to its catalogue', async () => {
    const answer = await batch({
      events: [
        { type: 'strict.order', data: { id: 1 } },
        { type: 'strict.order', data: {} },
      ],
    });
    expect(answer.json).toMatchObject({ accepted: 1, data: [{}, { problem: { code: 'invalid_data' } }] });
  });

  it('can publish a type as soon as it is declared, and no longer when it is deleted', async () => {
    for (let i = 0; i < 5; i++) {
      await api.ask('POST', '/api/v1/event-types', { name: `strict.new${i}` });
      expect((await post({ type: `strict.new${i}`, data: 1 })).status).toBe(202);
    }
    await api.ask('DELETE', '/api/v1/event-types/strict.new0');
    await waitFor(async () => expect((await post({ type: 'strict.new0', data: 1 })).status).toBe(422));
  });
});

describe('an event id within the deduplication window', () => {
  const event = { type: 'dedup.once', data: 1, id: 'dedup-1' };

  it('is accepted once by two replicas, and after a restart of NATS', async () => {
    const replica = await startAdminApi(api.options);
    const post = async (url: string) => {
      const response = await fetch(url + EVENTS, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${api.options.operatorKey}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(event),
      });
      return (await response.json()) as { duplicate?: boolean };
    };
    const answers = await Promise.all([api.url, replica.url, api.url, replica.url].map(post));
    expect(answers.filter(({ duplicate }) => duplicate === false)).toHaveLength(1);
    await api.nats.kill();
    await api.nats.restart();
    await waitFor(async () => expect(await post(replica.url)).toMatchObject({ duplicate: true }), 20_000);
    expect(await post(api.url)).toMatchObject({ duplicate: true });
    await replica.stop();
  }, 60_000);
});
