import { firstIdAt } from '#domain';
import type { DataSource } from 'typeorm';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { dayOf, ensureDayPartitions } from './day-partitions.js';
import { deliveriesStatement, listDeliveries, type DeliveryFilter } from './list-deliveries.js';
import { forgetDays, indexPastDays } from './past-indexes.js';

const DAY_MS = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const daysAgo = (days: number) => TODAY - days * DAY_MS;
const DAYS = [4, 3, 2, 1];
const COUNT = 20_000;
const STEP_MS = (DAYS.length * DAY_MS) / COUNT;

interface Made {
  id: string;
  at: number;
  webhook_id: string;
  event_id: string;
  event_type: string;
  status: string;
  status_code: number | null;
}

/** Deliveries of four days, as many tenants’ records are: nearly all succeeded. */
const made: Made[] = Array.from({ length: COUNT }, (_, n) => {
  const at = daysAgo(4) + Math.floor(n * STEP_MS);
  const status = n % 977 === 3 ? 'retrying' : n % 50 === 7 ? 'failed' : 'success';
  return {
    id: firstIdAt('dlv', at),
    at,
    webhook_id: `wh_${n % 40}`,
    event_id: `evt_${Math.floor(n / 4)}`,
    event_type: n % 5_000 === 77 ? 'audit.finding' : n % 2 === 0 ? 'order.paid' : 'order.sent',
    status,
    status_code: status === 'success' ? (n % 9 === 0 ? 204 : 200) : n % 3 === 0 ? null : 503,
  };
});

let postgres: TestPostgres;
let database: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
  await ensureDayPartitions(
    database,
    DAYS.map((days) => dayOf(daysAgo(days))),
  );
  await database.query(
    `INSERT INTO deliveries (id, created_at, tenant, event_id, event_type, webhook_id, status, attempt_count, status_code, updated_at)
     SELECT id, to_timestamp(at / 1000.0), 'acme', event_id, event_type, webhook_id, status, 1, status_code, now()
       FROM json_to_recordset($1::json) AS m(id text, at bigint, event_id text, event_type text, webhook_id text, status text, status_code integer)`,
    [JSON.stringify(made)],
  );
  await database.query(
    `INSERT INTO deliveries (id, created_at, tenant, event_id, event_type, webhook_id, status, attempt_count, status_code, updated_at)
     SELECT replace(id, '0000000000000000', '1111111111111111'), created_at, 'initech', event_id, event_type, webhook_id,
            'cancelled', 1, 418, updated_at FROM deliveries`,
  );
  await database.query('ANALYZE deliveries');
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

/** All pages, as a client asks for them. */
async function all(filter: DeliveryFilter, limit = 50, tenant = 'acme') {
  const ids: string[] = [];
  const sizes: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await listDeliveries(database, tenant, filter, { limit, cursor });
    ids.push(...page.rows.map(({ id }) => id));
    sizes.push(page.rows.length);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { ids, sizes };
}

/** What a list is to hold, by looking at everything. */
function expected({ since, until, ...filter }: DeliveryFilter): string[] {
  const wanted = made.filter(
    (row) =>
      Object.entries(filter).every(([column, value]) => row[column as keyof Made] === value) &&
      row.at >= (since?.getTime() ?? 0) &&
      row.at < (until?.getTime() ?? Infinity),
  );
  return wanted.map(({ id }) => id).reverse();
}

const WINDOW = { since: new Date(daysAgo(3) + 3_600_000), until: new Date(daysAgo(1) - 7_200_000) };
const FILTERS: DeliveryFilter[] = [
  { webhook_id: 'wh_7' },
  { event_id: 'evt_44' },
  { event_id: 'evt_1', status: 'failed' },
  { event_type: 'audit.finding' },
  { event_type: 'order.paid', status: 'failed' },
  { status: 'failed' },
  { status: 'failed', ...WINDOW },
  { status: 'retrying' },
  { status: 'cancelled' },
  { status_code: 503 },
  { status_code: 418 },
  { status_code: 204, ...WINDOW },
  { status: 'retrying', status_code: 503 },
  { status: 'failed', status_code: 204 },
  { status: 'failed', event_type: 'audit.finding' },
  { status: 'success', event_type: 'audit.finding' },
  { status: 'success', status_code: 200, event_type: 'order.sent', ...WINDOW },
  { webhook_id: 'wh_7', status: 'failed' },
  { webhook_id: 'wh_7', status_code: 418 },
  { webhook_id: 'wh_nobody' },
  { ...WINDOW, status: 'success', webhook_id: 'wh_8' },
];

describe.each([
  ['of days without the indexes of past days', false],
  ['of days with the indexes of past days', true],
])('a list of deliveries %s', (_title, isIndexed) => {
  beforeAll(async () => {
    if (isIndexed) await indexPastDays(database, TODAY + DAY_MS);
    forgetDays(database);
  }, 60_000);

  it.each(FILTERS.map((filter) => [JSON.stringify(filter), filter] as const))(
    'by %s holds what there is, newest first, once, over as many pages as it takes',
    async (_filter, filter) => {
      expect((await all(filter)).ids).toEqual(expected(filter));
    },
  );

  it('of everything goes on from page to page, each but the last full', async () => {
    const { ids, sizes } = await all({}, 250);
    expect(ids).toEqual(expected({}));
    expect(sizes).toEqual(Array(COUNT / 250).fill(250));
  });

  it('takes each page where the one before ended, however small', async () => {
    expect((await all({ status: 'retrying' }, 1)).ids).toEqual(expected({ status: 'retrying' }));
  });

  it('of what is open goes back further than the record is kept', async () => {
    await database.query(
      `INSERT INTO tenants (id, version, name, strict_event_types, timeout_seconds, retry, created_at, updated_at, retention_days)
       VALUES ('acme', 1, 'Acme', false, 30, '{}', now(), now(), 2)`,
    );
    const kept = [await all({ status: 'retrying' }), await all({ status: 'failed' })].map(({ ids }) => ids);
    await database.query(`DELETE FROM tenants WHERE id = 'acme'`);
    const since = new Date(daysAgo(2));
    expect(kept).toEqual([expected({ status: 'retrying' }), expected({ status: 'failed', since })]);
  });

  it('holds nothing of another tenant', async () => {
    expect((await all({ status: 'failed' }, 50, 'initech')).ids).toEqual([]);
    expect((await all({}, 50, 'globex')).ids).toEqual([]);
  });

  it('is not moved by rows that arrive meanwhile', async () => {
    const first = await listDeliveries(database, 'acme', { status: 'failed' }, { limit: 10 });
    const id = firstIdAt('dlv', daysAgo(0) - 1);
    await database.query(
      `INSERT INTO deliveries (id, created_at, tenant, event_id, event_type, webhook_id, status, attempt_count, updated_at)
       VALUES ($1, $2, 'acme', 'evt_new', 'order.paid', 'wh_1', 'failed', 1, now())`,
      [id, new Date(daysAgo(0) - 1)],
    );
    const next = await listDeliveries(
      database,
      'acme',
      { status: 'failed' },
      { limit: 10, cursor: first.nextCursor ?? '' },
    );
    await database.query('DELETE FROM deliveries WHERE id = $1', [id]);
    const both = [...first.rows, ...next.rows].map((row) => row.id);
    expect(both).toEqual(expected({ status: 'failed' }).slice(0, 20));
  });
});

describe('the plan for deliveries of days that are over', () => {
  const stretch = { from: daysAgo(3), to: daysAgo(2) };

  it.each<[DeliveryFilter, RegExp]>([
    [{}, /deliveries_\d+_tenant_id/],
    [{ webhook_id: 'wh_7' }, /webhook_id_id/],
    [{ event_id: 'evt_44' }, /tenant_event_id/],
    [{ status: 'cancelled' }, /_status\b/],
    [{ status_code: 418 }, /_status_code\b/],
    [{ event_type: 'audit.finding' }, /_event_type\b/],
    [{ webhook_id: 'wh_7', status: 'failed' }, /_webhook_status\b/],
    [{ webhook_id: 'wh_7', status_code: 418 }, /_webhook_status_code\b/],
  ])('of %j goes by an index, and reads no other day', async (filter, index) => {
    const { text, values } = deliveriesStatement('acme', filter, stretch, undefined, 'served', 51);
    const plan = await database.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${text}`, values);
    const lines = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(lines).toMatch(index);
    expect(lines).not.toMatch(/Seq Scan/);
    const days = [...new Set(lines.match(/\bdeliveries_\d{8}\b/g))];
    expect(days).toEqual([`deliveries_${dayOf(daysAgo(3)).replaceAll('-', '')}`]);
  });
});

describe('the plan for an hour of a day', () => {
  it.each<[DeliveryFilter]>([[{}], [{ webhook_id: 'wh_7' }], [{ status: 'cancelled' }]])(
    'of %j begins at the end of the hour, not of the day',
    async (filter) => {
      const stretch = { from: daysAgo(3), to: daysAgo(3) + 3_600_000 };
      const { text, values } = deliveriesStatement('acme', filter, stretch, undefined, 'served', 51);
      const plan = JSON.stringify(await database.query(`EXPLAIN ${text}`, values));
      expect(plan).toContain(`id < '${firstIdAt('dlv', stretch.to)}'`);
      expect(plan).toMatch(/Index Cond: [^"]*tenant[^"]*id < /);
    },
  );
});

describe('two filters at once', () => {
  it('on days that are over look at what the index of one gives, portion by portion', async () => {
    const stretch = { from: daysAgo(3), to: daysAgo(2) };
    const filter = { status: 'cancelled', event_type: 'audit.finding' } as const;
    const { text, values } = deliveriesStatement('acme', filter, stretch, undefined, 'status', 51);
    const plan = JSON.stringify(await database.query(`EXPLAIN ${text}`, values));
    expect(plan).toMatch(/Limit.*Index Scan[^"]* using deliveries_\d+_status /);
  });
});

describe('indexes of past days', () => {
  it('are made for days that have been over for an hour, and once', async () => {
    const day = daysAgo(-3);
    await ensureDayPartitions(database, [dayOf(day)]);
    const end = day + DAY_MS;
    expect(await indexPastDays(database, end + 3_599_000)).toEqual([]);
    expect(await indexPastDays(database, end + 3_600_000)).toHaveLength(6);
    expect(await indexPastDays(database, end + 3_600_000)).toEqual([]);
  });

  it('that were broken off are made anew', async () => {
    const [day = ''] = DAYS.map((days) => dayOf(daysAgo(days)).replaceAll('-', ''));
    const name = `deliveries_${day}_status`;
    await database.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = $1::regclass`, [name]);
    expect(await indexPastDays(database, TODAY + DAY_MS)).toEqual([name]);
  });
});
