import type { DataSource } from 'typeorm';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { dayOf, ensureDayPartitions } from './day-partitions.js';
import { eventsStatement, type EventPlace, type Way } from './events-statement.js';
import { listEvents, type EventFilter } from './list-events.js';
import { forgetDays, indexPastDays } from './past-indexes.js';

let postgres: TestPostgres;
let database: DataSource;
const DAY_MS = 86_400_000;
/** The last three days that are over. */
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const daysAgo = (days: number) => new Date(TODAY - days * DAY_MS);
const DAYS = [3, 2, 1].map((days) => dayOf(daysAgo(days).getTime()));
const LAST = new Date(TODAY - 1_000);

beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  await ensureDayPartitions(database, DAYS);
  // An event each 5 seconds; every 5,000th is different.
  await database.query(
    `INSERT INTO events (tenant, id, accepted_at, type, timestamp, data, sequence, status, match_count)
     SELECT 'acme', 'evt_' || lpad(n::text, 6, '0'), $1::timestamptz - n * interval '5 seconds',
       CASE WHEN n % 5000 = 0 THEN 'order.rare.paid' ELSE 'order.created' END, '',
       CASE WHEN n % 5000 = 0 THEN '{"customer":"Zoë Needle"}' ELSE '{"customer":"' || repeat('hay ', 100) || '"}' END,
       n, 'accepted', 0
     FROM generate_series(0, 51000) AS n`,
    [LAST],
  );
  await database.query('ANALYZE events');
  await database.query(
    `INSERT INTO tenants (id, version, name, strict_event_types, timeout_seconds, retry, created_at, updated_at)
     VALUES ('acme', 1, 'Acme', false, 30, '{}', now(), now())`,
  );
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

const list = (filter: EventFilter, cursor?: string, limit = 50, tenant = 'acme') =>
  listEvents(database, tenant, filter, { limit, cursor });

/** All pages, as a client asks for them. */
async function all(filter: EventFilter, limit?: number, tenant?: string) {
  const ids: string[] = [];
  let pages = 0;
  let cursor: string | undefined;
  do {
    const page = await list(filter, cursor, limit, tenant);
    ids.push(...page.rows.map((row) => row.id));
    cursor = page.nextCursor ?? undefined;
    pages++;
  } while (cursor !== undefined);
  return { ids, pages };
}

async function planOf(
  filter: EventFilter,
  way: Way,
  stretch = { from: daysAgo(2).getTime(), to: daysAgo(1).getTime() },
  place?: EventPlace,
): Promise<string> {
  const { text, values } = eventsStatement('acme', filter, stretch, place, way, 51);
  const plan = await database.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${text}`, values);
  return plan.map((line) => line['QUERY PLAN']).join('\n');
}
const partitionsIn = (plan: string) => [...new Set(plan.match(/\bevents_2\d{7}\b/g))].sort();
const partitionOf = (days: number) => `events_${dayOf(daysAgo(days).getTime()).replaceAll('-', '')}`;

describe.each([
  ['of days without the indexes of past days', false],
  ['of days with the indexes of past days', true],
])('a search of events %s', (_title, isIndexed) => {
  beforeAll(async () => {
    if (!isIndexed) return;
    expect(await indexPastDays(database, TODAY + DAY_MS)).toHaveLength(6 * DAYS.length);
    forgetDays(database);
  }, 60_000);

  const since = daysAgo(3);
  const until = daysAgo(0);
  const rare = [0, 5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000];
  const ids = rare.map((n) => `evt_${String(n).padStart(6, '0')}`);

  it.each<[string, EventFilter]>([
    ['a text in the data, in any case', { q: 'zoë needle' }],
    ['a text in the type', { q: 'RARE' }],
    ['a pattern of types', { type: 'order.*.paid' }],
    ['a pattern for the rest', { type: 'order.rare.>' }],
    ['a text within a type', { q: 'needle', type: 'order.rare.paid' }],
  ])('by %s finds all there are, newest first, over as many pages as it takes', async (_title, filter) => {
    expect((await all({ ...filter, since, until })).ids).toEqual(ids);
  });

  it('by part of an id finds it', async () => {
    expect((await all({ q: '_000123', until })).ids).toEqual(['evt_000123']);
  });

  it('neither skips nor repeats, however small the pages', async () => {
    expect((await all({ q: 'needle', since, until }, 1)).ids).toEqual(ids);
  });

  it('takes % and _ and \\ for what they are', async () => {
    for (const q of ['%', 'hay_hay', '\\']) expect((await all({ q, since })).ids).toEqual([]);
  });

  it('goes back as far as the record is kept where nobody says how far', async () => {
    expect((await all({ q: 'needle' })).ids).toEqual(ids);
    await database.query(`UPDATE tenants SET retention_days = 2 WHERE id = 'acme'`);
    const kept = (await all({ q: 'needle' })).ids;
    await database.query(`UPDATE tenants SET retention_days = NULL WHERE id = 'acme'`);
    expect(kept).toEqual(ids.filter((_, n) => rare[n]! * 5_000 < 2 * DAY_MS));
  });

  it('answers in bounded time, with what it has and where to go on', async () => {
    const begun = performance.now();
    // No letters or digits three in a row: no index knows of it.
    const page = await list({ q: 'ü ö ä', since });
    expect(performance.now() - begun).toBeLessThan(500);
    expect(page.nextCursor).not.toBeNull();
  });

  it('never sees what is of another tenant', async () => {
    expect((await all({ q: 'needle', since }, 50, 'globex')).ids).toEqual([]);
  });
});

describe('the plan for events', () => {
  it('reads the partitions of the days that were asked for, and no others', async () => {
    const asked: [EventFilter, Way][] = [
      [{}, 'listed'],
      [{ type: 'order.rare.paid' }, 'listed'],
      [{ q: 'x' }, 'walked'],
      [{ q: 'needle' }, 'looked_up'],
    ];
    for (const [filter, way] of asked)
      expect([way, partitionsIn(await planOf(filter, way))]).toEqual([way, [partitionOf(2)]]);
  });

  it('reads none that a cursor has left behind', async () => {
    const page = await list({ until: new Date(daysAgo(1).getTime() + 1_000) }, undefined, 1);
    const next = await list({}, page.nextCursor ?? '', 1);
    expect(next.rows[0]?.accepted_at.getTime()).toBeLessThan(daysAgo(1).getTime());
    const stretch = { from: daysAgo(3).getTime(), to: daysAgo(1).getTime() - DAY_MS / 2 };
    const place = { at: new Date(stretch.to - 1), id: 'x' };
    expect(partitionsIn(await planOf({ q: 'x' }, 'walked', stretch, place))).not.toContain(partitionOf(1));
  });

  it('finds a rare type by its index, and a rare text by that of past days', async () => {
    expect(await planOf({ type: 'order.rare.paid' }, 'listed')).toMatch(
      /Index Scan.*tenant_type_accepted_at/,
    );
    expect(await planOf({ q: 'needle' }, 'looked_up')).toMatch(/Bitmap Index Scan.*_searched/);
  });
});
