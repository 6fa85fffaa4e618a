import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { deliveryIdOf, type EventAccepted } from '#domain';
import { openDatabase, Projection, type DataSource } from '#persistence';
import { idsOf, member, startApi, type TestApi } from '../testing/api-for-tests.js';

let api: TestApi;
let database: DataSource;
let projection: Projection;
beforeAll(async () => {
  api = await startApi();
  database = await openDatabase(api.postgres.url, { name: 'spec' });
  projection = new Projection(database);
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await api.stop();
});

const EVENTS = '/api/v1/events';

/** The last message of a subject as it lies in the stream. */
async function stored(subject: string): Promise<{ text: string; count: number; trace: string[] }> {
  const { host, username: user, password: pass } = new URL(api.nats.url);
  const connection = await connect({ servers: host, user, pass });
  try {
    const manager = await jetstreamManager(connection);
    const message = await manager.streams.getMessage('EVENTS', { last_by_subj: subject });
    const { state } = await manager.streams.info('EVENTS', { subjects_filter: subject });
    const trace = ['traceparent', 'tracestate'].flatMap((name) => message?.header.values(name) ?? []);
    return { text: message?.string() ?? '', count: state.subjects?.[subject] ?? 0, trace };
  } finally {
    await connection.close();
  }
}

describe('publishing an event', () => {
  it('answers when the stream has it, with an id of its own', async () => {
    const answer = await api.ask('POST', EVENTS, { type: 'task.completed', data: { task: 1 } });
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual({ id: expect.stringMatching(/^evt_/) as string, duplicate: false });
    expect(JSON.parse((await stored('events.default.task.completed')).text)).toEqual({
      id: member(answer, 'id'),
      type: 'task.completed',
      data: { task: 1 },
    });
  });

  it('hands the trace of the request on, unless it is not valid', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const send = async (type: string, headers: Record<string, string>) => {
      const one = await api.ask('POST', EVENTS, { type, data: 1 }, headers);
      const many = await api.ask(
        'POST',
        `${EVENTS}/batch`,
        { events: [{ type: `${type}.b`, data: 1 }] },
        headers,
      );
      expect([one.status, many.status]).toEqual([202, 202]);
      return [await stored(`events.default.${type}`), await stored(`events.default.${type}.b`)];
    };
    for (const { trace } of await send('trace.whole', { traceparent, tracestate: 'rojo=1' }))
      expect(trace).toEqual([traceparent, 'rojo=1']);
    for (const { trace } of await send('trace.state', { traceparent, tracestate: 'Not Valid' }))
      expect(trace).toEqual([traceparent]);
    for (const { trace } of await send('trace.none', { traceparent: 'nonsense', tracestate: 'rojo=1' }))
      expect(trace).toEqual([]);
  });

  it('keeps the payload byte for byte: key order, large numbers, decimals, escapes, spaces', async () => {
    const data =
      '{ "z" : 12345678901234567890, "a":1.0,"1":1e400, "é":"\\u00e9\\/", "z":2, "constructor": {} }';
    const metadata = '{"b": 1.50, "a": [1.0 ]}';
    const body = `{"metadata":${metadata},"data":${data} ,"type":"bytes.kept","timestamp":"2026-01-31T12:00:00+02:00"}`;
    expect((await api.ask('POST', EVENTS, body)).status).toBe(202);
    const { text } = await stored('events.default.bytes.kept');
    expect(text).toContain(`"data":${data}`);
    expect(text).toContain(`"metadata":${metadata}`);
    expect(text).toContain('"timestamp":"2026-01-31T12:00:00+02:00"');
  });

  it.each(['null', '0', 'false', '""', '[]', '"text"'])('takes %s as data', async (data) => {
    const type = `data.as.${Buffer.from(data).toString('hex')}`;
    expect((await api.ask('POST', EVENTS, `{"type":"${type}","data":${data}}`)).status).toBe(202);
    expect((await stored(`events.default.${type}`)).text).toContain(`"data":${data}`);
  });

  it('accepts the same id once, and says so', async () => {
    const event = { type: 'once.only', data: {}, id: 'order-1' };
    expect((await api.ask('POST', EVENTS, event)).json).toEqual({ id: 'order-1', duplicate: false });
    expect((await api.ask('POST', EVENTS, event)).json).toEqual({ id: 'order-1', duplicate: true });
    expect((await stored('events.default.once.only')).count).toBe(1);
  });

  it('the same id in two tenants is two events', async () => {
    const event = { type: 'per.tenant', data: {}, id: 'order-1' };
    await api.ask('POST', EVENTS, event, { 'tidings-tenant': 'acme' });
    const other = await api.ask('POST', EVENTS, event, { 'tidings-tenant': 'globex' });
    expect(other.json).toEqual({ id: 'order-1', duplicate: false });
  });

  it.each<[string, unknown, string]>([
    ['no data', { type: 'a.b' }, 'data'],
    ['no type', { data: 1 }, 'type'],
    ['a pattern as type', { type: 'a.*', data: 1 }, 'type'],
    ['a type with a space', { type: 'a b', data: 1 }, 'type'],
    ['an id with a space', { type: 'a', data: 1, id: 'a b' }, 'id'],
    ['an id of 201 characters', { type: 'a', data: 1, id: 'x'.repeat(201) }, 'id'],
    ['an empty id', { type: 'a', data: 1, id: '' }, 'id'],
    ['a time in words', { type: 'a', data: 1, timestamp: 'yesterday' }, 'timestamp'],
    ['metadata that is a list', { type: 'a', data: 1, metadata: [] }, 'metadata'],
    ['a field that it does not know', { type: 'a', data: 1, tenant: 'x' }, 'tenant'],
  ])('refuses %s with 422, and names the field', async (_title, body, path) => {
    const answer = await api.ask('POST', EVENTS, body);
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ errors: [{ path }] });
  });

  it('refuses bytes that are not UTF-8, and more than 1 MiB', async () => {
    const bytes = Buffer.concat([
      Buffer.from('{"type":"a","data":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]);
    const response = await fetch(api.url + EVENTS, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.options.operatorKey}`, 'content-type': 'application/json' },
      body: bytes,
    });
    expect(response.status).toBe(400);
    expect((await api.ask('POST', EVENTS, { type: 'a', data: 'x'.repeat(1_048_576) })).status).toBe(413);
  });
});

describe('reading events', () => {
  const tenant = { 'tidings-tenant': 'reader' };
  /** Between two days of the record, both within what is kept. */
  const midnight = Math.floor(Date.now() / 86_400_000 - 3) * 86_400_000;
  const base = midnight - 1_000;
  const accepted = (id: string, at: number, more: Partial<EventAccepted> = {}): EventAccepted => ({
    kind: 'event.accepted',
    tenant: 'reader',
    id,
    type: 'task.completed',
    timestamp: new Date(at).toISOString(),
    accepted_at: at,
    data: '{"n":1}',
    metadata: null,
    sequence: 1,
    match_count: more.matches?.length ?? 0,
    matches: [],
    ...more,
  });
  const data = '{"z":12345678901234567890,"a":1.0}';
  const delivery = deliveryIdOf('e-3', 'wh_1', base + 1_000);

  beforeAll(async () => {
    await projection.project([
      accepted('e-1', base),
      accepted('e-2', base + 500, { type: 'task.created' }),
      accepted('e-3', base + 1_000, {
        data,
        metadata: '{"k":1.50}',
        matches: [{ delivery, webhook: 'wh_1' }],
      }),
      accepted('e-4', base + 1_000),
      {
        kind: 'event.rejected',
        tenant: 'reader',
        id: 'e-5',
        type: 'task.completed',
        accepted_at: base + 2_000,
        sequence: 5,
        reason: 'not_json',
        excerpt: '{"broken',
      },
    ]);
  });
  const list = (query: string) => api.ask('GET', `${EVENTS}?${query}`, undefined, tenant);

  it('shows an event with the bytes of its payload and what it matched', async () => {
    const answer = await api.ask('GET', `${EVENTS}/e-3`, undefined, tenant);
    expect(answer.text).toContain(`"data":${data},"metadata":{"k":1.50}`);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.json).toMatchObject({
      id: 'e-3',
      type: 'task.completed',
      status: 'accepted',
      reason: null,
      accepted_at: new Date(midnight).toISOString(),
      match_count: 1,
      matches: [{ delivery_id: delivery, webhook_id: 'wh_1', status: 'pending' }],
    });
  });

  it('shows why a message was rejected, and how it began', async () => {
    const answer = await api.ask('GET', `${EVENTS}/e-5`, undefined, tenant);
    expect(answer.json).toMatchObject({
      status: 'rejected',
      reason: 'not_json',
      data: null,
      excerpt: '{"broken',
    });
  });

  it('lists them newest first, by type and by time', async () => {
    expect(idsOf(await list(''))).toEqual(['e-5', 'e-4', 'e-3', 'e-2', 'e-1']);
    expect(idsOf(await list('type=task.created'))).toEqual(['e-2']);
    expect(idsOf(await list(`since=${new Date(midnight).toISOString()}`))).toEqual(['e-5', 'e-4', 'e-3']);
    expect(
      idsOf(await list(`until=${new Date(midnight + 3_600_000).toISOString().replace('.000Z', '%2B01:00')}`)),
    ).toEqual(['e-2', 'e-1']);
  });

  it('neither skips nor repeats while events arrive, even of one millisecond', async () => {
    const seen: string[] = [];
    let query = 'limit=2';
    for (let page = 0; page < 3; page++) {
      const answer = await list(query);
      seen.push(...idsOf(answer));
      await projection.project([accepted(`new-${page}`, base + 10_000 + page)]);
      if (page < 2) query = `limit=2&cursor=${member(answer, 'next_cursor')}`;
    }
    expect(seen).toEqual(['e-5', 'e-4', 'e-3', 'e-2', 'e-1']);
  });

  it('shows nothing of it to another tenant', async () => {
    expect((await api.ask('GET', `${EVENTS}/e-3`)).status).toBe(404);
    expect((await api.ask('GET', `${EVENTS}/e-3`)).json).toMatchObject({ code: 'event_not_found' });
    const cursor = member(await list('limit=1'), 'next_cursor');
    expect(idsOf(await api.ask('GET', `${EVENTS}?cursor=${cursor}`))).toEqual([]);
  });

  it.each(['since=yesterday', 'until=2026-13-01T00:00:00Z', 'type=a..b', 'cursor=e30', 'limit=-1'])(
    'refuses ?%s with 422',
    async (query) => {
      expect((await list(query)).status).toBe(422);
    },
  );
});

describe('while a server is away', () => {
  it('without PostgreSQL events are still accepted, and reading says 503 until it is back', async () => {
    await api.postgres.kill();
    expect((await api.ask('POST', EVENTS, { type: 'no.database', data: 1 })).status).toBe(202);
    const answer = await api.ask('GET', EVENTS);
    expect([answer.status, answer.json]).toMatchObject([503, { code: 'database_unavailable' }]);
    expect(answer.headers.get('retry-after')).toBe('2');
    const health = await api.ask('GET', '/health/ready');
    expect(health.status).toBe(503);
    expect(health.json).toMatchObject({ details: { postgres: { status: 'down' }, nats: { status: 'up' } } });
    expect((await api.ask('GET', '/health/live')).status).toBe(200);
    await api.postgres.restart();
    expect((await api.ask('GET', EVENTS)).status).toBe(200);
  }, 60_000);

  it('without NATS publishing says 503, with the id to send again; it is accepted once when NATS is back', async () => {
    await api.nats.kill();
    const answer = await api.ask('POST', EVENTS, { type: 'no.nats', data: 1 });
    expect([answer.status, answer.json]).toMatchObject([503, { code: 'bus_unavailable' }]);
    expect(answer.headers.get('retry-after')).toBe('2');
    await api.nats.restart();
    const event = { type: 'no.nats', data: 1, id: member(answer, 'event_id') };
    let again = await api.ask('POST', EVENTS, event);
    for (let i = 0; again.status !== 202 && i < 10; i++) {
      await sleep(500);
      again = await api.ask('POST', EVENTS, event);
    }
    expect(again.status).toBe(202);
    expect((await stored('events.default.no.nats')).count).toBe(1);
  }, 60_000);
});
