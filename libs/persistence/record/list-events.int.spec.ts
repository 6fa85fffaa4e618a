import type { DataSource } from 'typeorm';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { ensureDayPartitions } from './day-partitions.js';
import { listEvents, listStatement, type EventFilter } from './list-events.js';
import { searchStatement } from './search-events.js';

let postgres: TestPostgres;
let database: DataSource;
const DAYS = ['2026-03-01', '2026-03-02', '2026-03-03'];
const LAST = new Date('2026-03-03T23:59:59.000Z');

beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  await ensureDayPartitions(database, DAYS);
  // An event each 5 seconds; every 5,000th is different.
  await database.query(
    `INSERT INTO events (tenant, id, accepted_at, type, timestamp, data, sequence, status, match_count)
     SELECT 'acme', 'evt_' || lpad(n::text, 6, '0'), $1::timestamptz - n * interval '5 seconds',
       CASE WHEN n % 5000 = 0 THEN 'order.rare.paid' ELSE 'order.created' END, '2026-03-01T00:00:00Z',
       CASE WHEN n % 5000 = 0 THEN '{"customer":"Zoë Needle"}' ELSE '{"customer":"' || repeat('hay ', 100) || '"}' END,
       n, 'accepted', 0
     FROM generate_series(0, 51000) AS n`,
    [LAST],
  );
  await database.query('ANALYZE events');
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

const list = (filter: EventFilter, cursor?: string, limit = 50) =>
  listEvents(database, 'acme', filter, { limit, cursor });

/** All pages, as a client asks for them. */
async function all(filter: EventFilter, limit?: number) {
  const ids: string[] = [];
  let pages = 0;
  let cursor: string | undefined;
  do {
    const page = await list(filter, cursor, limit);
    ids.push(...page.rows.map((row) => row.id));
    cursor = page.nextCursor ?? undefined;
    pages++;
  } while (cursor !== undefined);
  return { ids, pages };
}

async function partitionsOf({ text, values }: { text: string; values: unknown[] }): Promise<string[]> {
  const plan = await database.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${text}`, values);
  const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
  return [...new Set(lines.match(/\bevents_2026\d{4}\b/g))].sort();
}

function listed(filter: EventFilter, cursor?: string) {
  const [text, values] = listStatement(database, 'acme', filter, {
    limit: 50,
    cursor,
  }).getQueryAndParameters();
  return { text, values };
}

describe('a search of events', () => {
  const since = new Date('2026-03-01T00:00:00Z');
  const rare = [0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000];
  const ids = rare.map((n) => `evt_${String(n).padStart(6, '0')}`);

  it.each<[string, EventFilter]>([
    ['a text in the data, in any case', { q: 'zoë needle' }],
    ['a text in the type', { q: 'RARE' }],
    ['a pattern of types', { type: 'order.*.paid' }],
    ['a pattern for the rest', { type: 'order.rare.>' }],
    ['a text within a type', { q: 'needle', type: 'order.rare.paid' }],
  ])('by %s finds all there are, newest first, over as many pages as it takes', async (_title, filter) => {
    expect((await all({ ...filter, since, until: new Date('2026-03-04T00:00:00Z') })).ids).toEqual(ids);
  });

  it('by part of an id finds it', async () => {
    expect((await all({ q: '_000123', until: new Date('2026-03-04T00:00:00Z') })).ids).toEqual([
      'evt_000123',
    ]);
  });

  it('neither skips nor repeats, however small the pages', async () => {
    const until = new Date('2026-03-04T00:00:00Z');
    expect((await all({ q: 'needle', since, until }, 1)).ids).toEqual(ids);
  });

  it('takes % and _ and \\ for what they are', async () => {
    for (const q of ['%', 'hay_hay', '\\']) expect((await all({ q, since })).ids).toEqual([]);
  });

  it('goes back a day where nobody says how far', async () => {
    const { ids: found } = await all({ q: 'needle', until: new Date('2026-03-04T00:00:00Z') });
    expect(found).toEqual(ids.slice(0, 4));
    expect((await all({ q: 'needle' })).ids).toEqual([]);
  });

  it('answers in bounded time, with what it has and where to go on', async () => {
    const begun = performance.now();
    const page = await list({ q: 'nowhere to be found', since });
    expect(performance.now() - begun).toBeLessThan(500);
    expect(page.nextCursor).not.toBeNull();
  });

  it('never sees what is of another tenant', async () => {
    const page = await listEvents(database, 'globex', { q: 'needle', since }, { limit: 50 });
    expect(page).toEqual({ rows: [], nextCursor: null });
  });
});

describe('the plan for events', () => {
  const second = { since: new Date('2026-03-02T00:00:00Z'), until: new Date('2026-03-03T00:00:00Z') };

  it('reads the partitions of the days that were asked for, and no others', async () => {
    expect(await partitionsOf(listed(second))).toEqual(['events_20260302']);
    expect(await partitionsOf(listed({ ...second, type: 'order.rare.paid' }))).toEqual(['events_20260302']);
    const search = searchStatement('acme', { ...second, q: 'x' }, undefined);
    expect(await partitionsOf(search)).toEqual(['events_20260302']);
  });

  it('reads none that a cursor has left behind', async () => {
    const { nextCursor } = await list({ until: new Date('2026-03-02T00:00:01Z') }, undefined, 1);
    expect(await partitionsOf(listed({}, nextCursor ?? ''))).not.toContain('events_20260303');
    const place = { at: new Date('2026-03-01T12:00:00Z'), id: 'x' };
    expect(await partitionsOf(searchStatement('acme', { q: 'x' }, place))).toEqual(['events_20260301']);
  });

  it('finds a rare type by its index', async () => {
    const { text, values } = listed({ type: 'order.rare.paid' });
    const plan = JSON.stringify(await database.query(`EXPLAIN ${text}`, values));
    expect(plan).toMatch(/Index Scan.*tenant_type_accepted_at/);
  });
});
