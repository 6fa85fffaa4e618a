import type { DataSource } from 'typeorm';
import { deliveryIdOf } from '#domain';
import { startPostgres, type TestPostgres } from '#testing';
import { openDatabase } from '../database.js';
import { migrate } from '../migrations/migrate.js';
import { dayOf, ensureDayPartitions, isMissingPartition } from './day-partitions.js';
import { findDelivery } from './find-delivery.js';

let postgres: TestPostgres;
let database: DataSource;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await openDatabase(postgres.url, { name: 'spec' });
  await migrate(database);
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await postgres.stop();
});

const partitions = async (table: string) =>
  (
    await database.query<{ name: string }[]>(
      `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1`,
      [table],
    )
  ).map((row) => row.name);

const insertDelivery = (at: number, id = deliveryIdOf('e', 'wh_1', at)) =>
  database.query(
    `INSERT INTO deliveries VALUES ($1, $2, 'default', 'e', 'a.b', 'wh_1', 'pending', 0, null, null, null, null, now())`,
    [id, new Date(at)],
  );

describe('day partitions', () => {
  it('are made for all three tables, once, however many ask at the same time', async () => {
    const days = ['2026-02-28', '2026-03-01', '2026-03-01'];
    await Promise.all(Array.from({ length: 6 }, () => ensureDayPartitions(database, days)));
    await ensureDayPartitions(database, days);
    for (const table of ['events', 'deliveries', 'attempts'])
      expect(await partitions(table)).toEqual([`${table}_20260228`, `${table}_20260301`]);
  });

  it('take the rows from the first to the last millisecond of their day, in UTC', async () => {
    await ensureDayPartitions(database, ['2026-03-05']);
    const start = Date.parse('2026-03-05T00:00:00.000Z');
    await insertDelivery(start);
    await insertDelivery(start + 86_400_000 - 1);
    await expect(insertDelivery(start - 1)).rejects.toThrow('no partition of relation');
    expect(dayOf(start)).toBe('2026-03-05');
    expect(dayOf(start - 1)).toBe('2026-03-04');
  });

  it('that are missing are known by the error of the insert', async () => {
    const missing: unknown = await insertDelivery(0).catch((error: unknown) => error);
    expect(isMissingPartition(missing)).toBe(true);
    const other: unknown = await database.query('SELECT nonsense').catch((error: unknown) => error);
    expect(isMissingPartition(other)).toBe(false);
  });

  it('leave room in the pages of deliveries for rows that change', async () => {
    await ensureDayPartitions(database, ['2026-03-06']);
    const [row] = await database.query<{ reloptions: string[] }[]>(
      `SELECT reloptions FROM pg_class WHERE relname = 'deliveries_20260306'`,
    );
    expect(row?.reloptions).toContain('fillfactor=80');
    const at = Date.parse('2026-03-06T12:00:00Z');
    await insertDelivery(at);
    // Statistics are flushed by the session that made them.
    const session = database.createQueryRunner();
    for (let i = 1; i <= 3; i++)
      await session.query('UPDATE deliveries SET attempt_count = $1 WHERE created_at = $2', [
        i,
        new Date(at),
      ]);
    await session.query('SELECT pg_stat_force_next_flush()');
    const stats: unknown = await session.query(
      `SELECT n_tup_upd::int AS updated, n_tup_hot_upd::int AS hot FROM pg_stat_user_tables
       WHERE relname = 'deliveries_20260306'`,
    );
    await session.release();
    expect(stats).toEqual([{ updated: 3, hot: 3 }]);
  });

  it('do not keep readers and writers waiting while one is made', async () => {
    const reader = database.createQueryRunner();
    await reader.startTransaction();
    await reader.query('SELECT count(*) FROM deliveries');
    await ensureDayPartitions(database, ['2026-03-09']);
    await reader.rollbackTransaction();
    await reader.release();
    expect(await partitions('deliveries')).toContain('deliveries_20260309');
  });

  it('of other days are not looked into for a delivery: its id says the day', async () => {
    const at = Date.parse('2026-03-05T10:00:00Z');
    const id = deliveryIdOf('pruned', 'wh_1', at);
    await insertDelivery(at, id);
    expect(await findDelivery(database, 'default', id)).toMatchObject({ delivery: { id }, attempts: [] });
    const plan = await database.query<{ 'QUERY PLAN': string }[]>(
      `EXPLAIN SELECT * FROM deliveries WHERE id = $1 AND created_at = $2 AND tenant = 'default'`,
      [id, new Date(at)],
    );
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain('deliveries_20260305');
    expect(text).not.toContain('deliveries_20260301');
  });

  it.each(['2026-3-1', 'today', '2026-02-30T', '', `2026-01-01'); --`])('%j is no day', async (day) => {
    await expect(ensureDayPartitions(database, [day])).rejects.toThrow(TypeError);
  });
});
