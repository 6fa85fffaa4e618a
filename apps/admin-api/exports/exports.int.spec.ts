import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '#testing';
import { deliveryIdOf, newId, type DeliveryRef, type Fact } from '#domain';
import { dropDay } from '#persistence';
import { member, OPERATOR_KEY, startApi, type TestApi } from '../testing/api-for-tests.js';
import { attempted, openRecord, type TestRecord } from '../testing/record-for-tests.js';
import { askSlowly, recordLargeEvents } from '../testing/slow-export.js';

const DAY_MS = 86_400_000;
const EXPORTS = '/api/v1/exports';
const EACH = 40;
/** Days ago of which there is a record; the tenant keeps ten. */
const DAYS = [12, 9, 5, 1];

let api: TestApi;
let record: TestRecord;
beforeAll(async () => {
  api = await startApi();
  record = await openRecord(api);
  await tenant('kept', 10);
  for (const days of DAYS) await record.project(...story('kept', days));
}, 60_000);
afterAll(async () => {
  await record.close();
  await api.stop();
});

async function tenant(id: string, retention_days: number | null): Promise<void> {
  const { status } = await api.ask('POST', '/api/v1/tenants', { id, name: id, retention_days });
  expect(status).toBe(201);
}

/** Events of a day, each with a delivery that was attempted, every third one three times. */
function story(of: string, days: number, count = EACH): Fact[] {
  return Array.from({ length: count }, (_, i): Fact[] => {
    const at = Date.now() - days * DAY_MS + i;
    const event = `${of}-${days}-${i}`;
    const delivery = deliveryIdOf(event, 'wh_1', at);
    const ref: DeliveryRef = {
      tenant: of,
      delivery,
      event,
      event_type: 'a.b',
      webhook: 'wh_1',
      created_at: at,
    };
    const accepted: Fact = {
      ...{ kind: 'event.accepted', tenant: of, id: event, type: 'a.b', accepted_at: at, sequence: 1 },
      ...{ timestamp: new Date(at).toISOString(), data: `{"n": ${i}.0,\r\n "of": "${of}"}`, metadata: null },
      ...{ match_count: 1, matches: [{ webhook: 'wh_1', delivery }] },
    };
    const retried = i % 3 === 0 ? [attempted(ref, 'retrying', 1), attempted(ref, 'retrying', 2)] : [];
    return [accepted, ...retried, attempted(ref, 'success', retried.length + 1)];
  }).flat();
}

const get = (what: string, query = '', of = 'kept') =>
  api.ask('GET', `${EXPORTS}/${what}${query}`, undefined, { 'tidings-tenant': of });

const ATTEMPTS_EACH = EACH + 2 * Math.ceil(EACH / 3);
const KEPT_DAYS = 3;

interface Line {
  cursor: string;
  id: string;
}
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);

describe('an export', () => {
  it('has every event of the days that are kept, the oldest first, with the payload as it was published', async () => {
    const { text, headers, status } = await get('events');
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    expect(headers.get('content-disposition')).toMatch(
      /^attachment; filename="events-\d{4}-\d\d-\d\d\.ndjson"$/,
    );
    const ids = linesOf(text).map(({ id }) => id);
    expect(ids).toHaveLength(EACH * KEPT_DAYS);
    expect([ids[0], ids.at(-1)]).toEqual(['kept-9-0', `kept-1-${EACH - 1}`]);
    expect(text.split('\n')[1]).toContain('"data":{"n": 1.0,  "of": "kept"}'.replace('  ', ' '.repeat(2)));
  });

  it('has every delivery, and every attempt of each', async () => {
    const deliveries = linesOf((await get('deliveries')).text);
    expect(deliveries).toHaveLength(EACH * KEPT_DAYS);
    expect(deliveries[0]).toMatchObject({ event_id: 'kept-9-0', status: 'success', status_code: 204 });
    const attempts = linesOf((await get('attempts')).text) as (Line & {
      delivery_id: string;
      number: number;
    })[];
    expect(attempts).toHaveLength(ATTEMPTS_EACH * KEPT_DAYS);
    expect(new Set(attempts.map(({ delivery_id }) => delivery_id))).toEqual(
      new Set(deliveries.map(({ id }) => id)),
    );
    expect(attempts.slice(0, 3).map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('is of the time that was asked for', async () => {
    const at = (days: number) => new Date(Date.now() - days * DAY_MS).toISOString();
    const { text } = await get('events', `?since=${at(6)}&until=${at(3)}`);
    expect(linesOf(text).every(({ id }) => id.startsWith('kept-5-'))).toBe(true);
    expect(linesOf(text)).toHaveLength(EACH);
    expect((await get('events', `?since=${at(3)}&until=${at(4)}`)).text).toBe('');
  });

  it('is CSV too, with a line of names', async () => {
    const { text, headers } = await get('attempts', '?format=csv');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const [names, ...rest] = text.trimEnd().split('\r\n');
    expect(names).toMatch(
      /^cursor,id,delivery_id,number,trigger,started_at,.*,error_kind,error_message,console$/,
    );
    expect(rest).toHaveLength(ATTEMPTS_EACH * KEPT_DAYS);
    expect((await get('events', '?format=csv')).text).toContain('"{""n"": 0.0,');
  });

  it('of another tenant is empty, and for a publisher there is none', async () => {
    expect((await get('events', '', 'globex')).text).toBe('');
    const key = member(
      await api.ask('POST', '/api/v1/keys', { name: 'p', role: 'publisher' }, { 'tidings-tenant': 'kept' }),
      'key',
    );
    const refused = await api.ask('GET', `${EXPORTS}/events`, undefined, { authorization: `Bearer ${key}` });
    expect(refused.status).toBe(403);
  });

  it.each(['events', 'deliveries', 'attempts'])(
    'of %s goes on after any line, in both formats, and together they are the whole',
    async (what) => {
      for (const format of ['ndjson', 'csv']) {
        const until = `&until=${new Date().toISOString()}`;
        const { text } = await get(what, `?format=${format}${until}`);
        const cursors = linesOf((await get(what, `?${until.slice(1)}`)).text).map(({ cursor }) => cursor);
        for (const at of [0, 1, EACH - 1, EACH, cursors.length - 2, cursors.length - 1]) {
          const cursor = cursors[at] ?? '';
          const rest = (await get(what, `?format=${format}${until}&after=${cursor}`)).text;
          const upTo = format === 'csv' ? at + 2 : at + 1;
          const lines = text.split(/(?<=\n)(?=WyJl|\{"cursor)/);
          expect(lines.slice(0, upTo).join('') + rest).toBe(text);
        }
      }
    },
  );

  it.each([
    ['none of ours', 'nonsense'],
    ['of another export', Buffer.from('["export.deliveries","dlv_1"]').toString('base64url')],
    ['with a time that is none', Buffer.from('["export.events","x","e"]').toString('base64url')],
    ['with a time beyond all', Buffer.from('["export.events","-62167219200001","e"]').toString('base64url')],
  ])('is refused for a cursor %s', async (_what, cursor) => {
    const { status, json } = await get('events', `?after=${cursor}`);
    expect([status, json]).toMatchObject([422, { errors: [{ path: 'after' }] }]);
  });
});

describe('an export of much', () => {
  let large: number;
  let huge: number;
  beforeAll(async () => {
    await tenant('large', null);
    large = await recordLargeEvents(record.database, 'large', 1_500);
    await tenant('huge', null);
    huge = await recordLargeEvents(record.database, 'huge');
  }, 60_000);

  it('that is cut off in the middle and goes on after its last whole line, again and again, is the whole', async () => {
    const until = new Date().toISOString();
    const whole = (await get('events', `?until=${until}`, 'large')).text;
    let text = '';
    let parts = 0;
    for (let done = false; !done; parts++) {
      const last =
        text === '' ? undefined : linesOf(text.slice(text.lastIndexOf('\n', text.length - 2) + 1))[0];
      const after = last ? `&after=${last.cursor}` : '';
      const cut = new AbortController();
      const answer = await fetch(`${api.url}${EXPORTS}/events?until=${until}${after}`, {
        headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'tidings-tenant': 'large' },
        signal: cut.signal,
      });
      let part = '';
      const decoder = new TextDecoder();
      done = true;
      for await (const chunk of answer.body ?? []) {
        part += decoder.decode(chunk as Uint8Array, { stream: true });
        if (part.length < 7_000_000 + parts) continue;
        done = false;
        break;
      }
      if (!done) cut.abort();
      text += part.slice(0, part.lastIndexOf('\n') + 1);
      // A place is free again when the cut is noticed.
      await sleep(100);
    }
    expect(parts).toBeGreaterThan(3);
    expect(linesOf(text)).toHaveLength(large);
    expect(text === whole).toBe(true);
  }, 60_000);

  it('costs nothing while its reader reads nothing: no more of it is read than what is on its way', async () => {
    const read = async () => {
      const [row] = await record.database.query<{ n: number }[]>(
        `SELECT coalesce(sum(idx_tup_fetch), 0)::float AS n FROM pg_stat_user_tables WHERE relname LIKE 'events_2%'`,
      );
      return row?.n ?? 0;
    };
    const before = await read();
    const socket = await askSlowly(api, 'huge', `${EXPORTS}/events`);
    // On a busy machine it takes a while until all that fits is on its way.
    await waitFor(async () => {
      const soFar = await read();
      expect(soFar).toBeGreaterThan(before);
      await sleep(1_500);
      expect(await read()).toBe(soFar);
    }, 20_000);
    const memory = process.memoryUsage().rss;
    const early = (await read()) - before;
    await sleep(1_500);
    // A session's statistics come a second late; a portion looks at 250 rows, and sends some 70 of 15 KB.
    expect((await read()) - before - early).toBeLessThanOrEqual(1_000);
    expect(early).toBeLessThan(huge * 2);
    expect(process.memoryUsage().rss - memory).toBeLessThan(32 * 1_048_576);
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    socket.resume();
    await waitFor(() => expect(received).toBeGreaterThan((huge * 15_000) / 2), 20_000);
    socket.destroy();
  }, 60_000);

  it('is one of two at once for a tenant; others have theirs, and a place that is left is free', async () => {
    const sockets = [
      await askSlowly(api, 'huge', `${EXPORTS}/events`),
      await askSlowly(api, 'huge', `${EXPORTS}/events`),
    ];
    const { status, json, headers } = await get('deliveries', '', 'huge');
    expect([status, json]).toMatchObject([429, { code: 'too_many_exports', limit: 2 }]);
    expect(headers.has('retry-after')).toBe(true);
    expect((await get('deliveries')).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await waitFor(async () => expect((await get('deliveries', '', 'huge')).status).toBe(200));
  }, 30_000);

  it('does not keep the API from stopping', async () => {
    const socket = await askSlowly(api, 'huge', `${EXPORTS}/events`);
    await waitFor(async () => expect((await get('events', '', 'huge')).status).toBe(200));
    const begun = performance.now();
    await api.halt();
    expect(performance.now() - begun).toBeLessThan(8_000);
    socket.destroy();
    await api.resume();
  }, 30_000);

  it('is not asked for by HEAD', async () => {
    const answer = await api.ask('HEAD', `${EXPORTS}/events`, undefined, { 'tidings-tenant': 'large' });
    expect([200, 404]).toContain(answer.status);
    expect(answer.text).toBe('');
  });
});

describe('while an export is read', () => {
  it('rows may arrive, and days may be dropped: what was there and stays is there once', async () => {
    await tenant('moving', 20);
    for (const days of [20, 19, 2]) await record.project(...story('moving', days, 700));
    const lines: Line[] = [];
    let after = '';
    for (let part = 0; part < 3; part++) {
      const { text } = await get('events', after, 'moving');
      const some = linesOf(text).slice(0, part === 2 ? undefined : 600);
      lines.push(...some);
      after = `?after=${some.at(-1)?.cursor}`;
      await record.project(...story('moving', 1, 10 * (part + 1)));
      await dropDay(record.database, new Date(Date.now() - 20 * DAY_MS).toISOString().slice(0, 10));
    }
    const ids = lines.map(({ id }) => id);
    // An id may be used again after a while; a cursor is a line's own.
    expect(new Set(lines.map(({ cursor }) => cursor)).size).toBe(lines.length);
    const stayed = ids.filter((id) => id.startsWith('moving-19-') || id.startsWith('moving-2-'));
    expect(stayed).toHaveLength(1_400);
    expect(ids.filter((id) => id.startsWith('moving-1-')).length).toBeGreaterThan(0);
  }, 60_000);
});

describe('GET /retention', () => {
  const read = async (of: string) =>
    (await api.ask('GET', '/api/v1/retention', undefined, { 'tidings-tenant': of })).json;
  const day = (ago: number) => new Date(Date.now() - ago * DAY_MS).toISOString().slice(0, 10);

  it('says what goes next, and when, so that it can be exported before', async () => {
    expect(await read('kept')).toEqual({
      retention_days: 10,
      kept_since: `${day(10)}T00:00:00.000Z`,
      next: { day: day(9), goes_at: `${day(-2)}T00:00:00.000Z`, events: EACH, deliveries: EACH, open: 0 },
    });
  });

  it('counts what is open and so stays', async () => {
    await tenant('owing', 3);
    const event = await record.event({
      tenant: 'owing',
      accepted_at: Date.now() - 2 * DAY_MS,
      id: newId('evt'),
    });
    await record.delivery('wh_1', 'pending', event);
    expect(await read('owing')).toMatchObject({ next: { day: day(2), events: 1, deliveries: 1, open: 1 } });
  });

  it('says 30 days of a tenant that says nothing, and nothing of a record that is not there', async () => {
    expect(await read('globex')).toEqual({
      retention_days: 30,
      kept_since: `${day(30)}T00:00:00.000Z`,
      next: null,
    });
  });
});
