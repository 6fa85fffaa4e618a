import type { DataSource } from 'typeorm';
import { newId } from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import type { Page } from '../page.js';
import { dayOf, ensureDayPartitions } from './day-partitions.js';
import { listDeliveries, type DeliveryFilter } from './list-deliveries.js';
import { listEvents, type EventFilter } from './list-events.js';
import { forgetDays, indexPastDays } from './past-indexes.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.now();
const TODAY = Math.floor(NOW / DAY_MS) * DAY_MS;
const FIRST = TODAY - 3 * DAY_MS;
const DAYS = [3, 2, 1, 0, -1].map((days) => TODAY - days * DAY_MS);
const COUNT = 3_000;
const LIMIT = 20;
/** After so many pages of all lists together, the days that are over get their indexes. */
const PAGES_BEFORE_INDEXES = 60;
/** After so many, the rest waits until they have them. */
const PAGES_WITHOUT_INDEXES = 180;

/** One event and its delivery: of each hundred, so many are of one kind and the rest of another. */
interface Made {
  at: number;
  event: string;
  delivery: string;
  webhook: string;
  type: string;
  failed: boolean;
  needle: boolean;
}

const madeAt = (at: number, n: number): Made => ({
  at,
  event: newId('evt', at),
  delivery: newId('dlv', at),
  webhook: `wh_${n % 3}`,
  type: n % 4 === 0 ? 'order.paid' : 'order.sent',
  failed: n % 5 === 0,
  needle: n % 6 === 0,
});
/** Some at the same millisecond. */
const there = Array.from({ length: COUNT }, (_, n) =>
  madeAt(FIRST + Math.floor(((NOW - FIRST) / COUNT) * (n % 3 === 0 ? n : n + 1)), n),
);

let postgres: TestPostgres;
let database: DataSource;

async function insert(rows: Made[]): Promise<void> {
  const given = [JSON.stringify(rows)];
  await database.query(
    `INSERT INTO events (tenant, id, accepted_at, type, timestamp, data, sequence, status, match_count)
     SELECT 'acme', event, to_timestamp(at / 1000.0), type, '', CASE WHEN needle THEN '{"a":"needle"}' ELSE '{"a":"hay"}' END, 1, 'accepted', 1
       FROM json_to_recordset($1::json) AS m(event text, at bigint, type text, needle boolean)`,
    given,
  );
  await database.query(
    `INSERT INTO deliveries (id, created_at, tenant, event_id, event_type, webhook_id, status, attempt_count, status_code, updated_at)
     SELECT delivery, to_timestamp(at / 1000.0), 'acme', event, type, webhook,
            CASE WHEN failed THEN 'failed' ELSE 'success' END, 1, CASE WHEN failed THEN 503 ELSE 200 END, now()
       FROM json_to_recordset($1::json) AS m(delivery text, at bigint, event text, type text, webhook text, failed boolean)`,
    given,
  );
}

/** A list from its first page to its last, as a client asks for it. */
interface Walk {
  ids: string[];
  /** In the order of the list, for those that it gave. */
  times: number[];
  pages: number;
}

type Ask = (page: { limit: number; cursor: string | undefined }) => Promise<Page<{ id: string; at: Date }>>;

async function walked(ask: Ask, onPage: () => Promise<void>): Promise<Walk> {
  const walk: Walk = { ids: [], times: [], pages: 0 };
  let cursor: string | undefined;
  do {
    const { rows, nextCursor } = await ask({ limit: LIMIT, cursor });
    walk.ids.push(...rows.map(({ id }) => id));
    walk.times.push(...rows.map(({ at }) => at.getTime()));
    walk.pages += 1;
    cursor = nextCursor ?? undefined;
    await onPage();
  } while (cursor !== undefined);
  return walk;
}

const deliveries =
  (filter: DeliveryFilter): Ask =>
  async (page) => {
    const { rows, nextCursor } = await listDeliveries(database, 'acme', filter, page);
    return { rows: rows.map(({ id, created_at: at }) => ({ id, at })), nextCursor };
  };
const events =
  (filter: EventFilter): Ask =>
  async (page) => {
    const { rows, nextCursor } = await listEvents(database, 'acme', filter, page);
    return { rows: rows.map(({ id, accepted_at: at }) => ({ id, at })), nextCursor };
  };

const window = { since: new Date(FIRST + 20 * HOUR_MS), until: new Date(FIRST + 60 * HOUR_MS) };
const isInWindow = ({ at }: Made) => at >= window.since.getTime() && at < window.until.getTime();

interface Case {
  title: string;
  ask: Ask;
  id: 'delivery' | 'event';
  has: (row: Made) => boolean;
}
const CASES: Case[] = [
  { title: 'deliveries', ask: deliveries({}), id: 'delivery', has: () => true },
  {
    title: 'deliveries of a webhook',
    ...{ ask: deliveries({ webhook_id: 'wh_1' }), id: 'delivery', has: ({ webhook }) => webhook === 'wh_1' },
  },
  {
    title: 'deliveries that failed',
    ...{ ask: deliveries({ status: 'failed' }), id: 'delivery', has: ({ failed }) => failed },
  },
  {
    title: 'deliveries of a type',
    ...{
      ask: deliveries({ event_type: 'order.paid' }),
      id: 'delivery',
      has: ({ type }) => type === 'order.paid',
    },
  },
  {
    title: 'deliveries of some hours with a code',
    ask: deliveries({ status_code: 200, ...window }),
    id: 'delivery',
    has: (row) => !row.failed && isInWindow(row),
  },
  { title: 'events', ask: events({}), id: 'event', has: () => true },
  {
    title: 'events of a type',
    ...{ ask: events({ type: 'order.paid' }), id: 'event', has: ({ type }) => type === 'order.paid' },
  },
  { title: 'events with a text', ask: events({ q: 'NEEDLE' }), id: 'event', has: ({ needle }) => needle },
  {
    title: 'events of some hours with a text, by a pattern',
    ask: events({ q: 'needle', type: 'order.*', ...window }),
    id: 'event',
    has: (row) => row.needle && isInWindow(row),
  },
];

const walks = new Map<string, Walk>();
const arrived: Made[] = [];
/** Pages that were asked for after the days had their indexes. */
let pagesByIndex = 0;

beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec', poolSize: CASES.length + 3 });
  await migrate(database);
  await ensureDayPartitions(database, DAYS.map(dayOf));
  await insert(there);
  await database.query('ANALYZE events, deliveries');

  let pages = 0;
  let indexing: Promise<void> | undefined;
  let isIndexed = false;
  const index = async () => {
    await indexPastDays(database, TODAY + 2 * HOUR_MS);
    forgetDays(database);
    isIndexed = true;
  };
  const onPage = async () => {
    pages += 1;
    if (isIndexed) pagesByIndex += 1;
    if (pages >= PAGES_BEFORE_INDEXES) indexing ??= index();
    if (pages >= PAGES_WITHOUT_INDEXES) await indexing;
  };
  let isOver = false;
  const arriving = (async () => {
    for (let n = 0; !isOver; n += 3) {
      // One that is new, and two that are late.
      const late = (part: number) => FIRST + Math.floor((NOW - FIRST) * ((n * part) % 1));
      const rows = [madeAt(Date.now(), n), madeAt(late(0.618), n + 1), madeAt(late(0.414), n + 2)];
      await insert(rows);
      arrived.push(...rows);
    }
  })();
  await Promise.all(CASES.map(async ({ title, ask }) => walks.set(title, await walked(ask, onPage))));
  isOver = true;
  await Promise.all([arriving, indexing]);
}, 120_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

describe('while rows arrive, new ones and late ones, and days get their indexes', () => {
  it.each(CASES)('pages of $title give all that were there, once and in order', ({ title, id, has }) => {
    const walk = walks.get(title) ?? { ids: [], times: [], pages: 0 };
    expect(walk.pages).toBeGreaterThan(2);
    expect(new Set(walk.ids).size).toBe(walk.ids.length);
    expect(walk.times).toEqual(walk.times.toSorted((one, other) => other - one));
    const given = new Set(walk.ids);
    expect(there.filter((row) => has(row) && !given.has(row[id]))).toEqual([]);
    const wanted = new Set([...there, ...arrived].filter(has).map((row) => row[id]));
    expect(walk.ids.filter((each) => !wanted.has(each))).toEqual([]);
  });

  it('some of those that are late are given too, and some pages came by the indexes', () => {
    const late = new Set(arrived.map(({ delivery }) => delivery));
    expect(walks.get('deliveries')?.ids.some((id) => late.has(id))).toBe(true);
    expect(pagesByIndex).toBeGreaterThan(0);
  });
});
