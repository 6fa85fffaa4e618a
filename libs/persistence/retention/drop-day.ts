import type { DataSource, QueryRunner } from 'typeorm';
import { LOCKS } from '../advisory-locks.js';
import { partitionsOf, type DayPartition } from '../record/day-partitions.js';
import { OPEN_STATUSES } from '../record/delivery-row.js';

/** Of the record itself: rows of these stay as long as a delivery is open. All others go with their day. */
const OF_DELIVERIES = ['events', 'deliveries', 'attempts'];

/** For how long it waits for those who write rows of that day, and for its own like. */
const PATIENCE_MS = 2_000;
/**
 * For how long it waits, all tables together, for those who use the record at
 * all: whoever comes meanwhile waits behind it. Below PostgreSQL's deadlock_timeout (1 s), so that
 * where it and a writer wait for each other it is the one that gives up.
 */
const INTRUSION_MS = 200;

export type DropEnd =
  /** No row of the day is left. */
  | 'gone'
  /** Its open deliveries are left, with their events and attempts. */
  | 'open_left'
  /** There was nothing that could go. */
  | 'nothing'
  /** Somebody uses the record; it is as it was, and may be tried again. */
  | 'busy';

/**
 * Takes a day out of the record: in one transaction its partitions are
 * dropped, and made anew with what is still open, where there is any. A crash at any
 * point leaves all as it was.
 *
 * What takes long, copying what is open, is done before the tables are locked,
 * while nobody can write rows of that day. The lock that keeps readers out is
 * waited for so shortly that they hardly notice (docs/adr/0012).
 * @param day as dayOf gives it
 */
export async function dropDay(dataSource: DataSource, day: string): Promise<DropEnd> {
  const runner = dataSource.createQueryRunner();
  try {
    const there = await partitionsThere(runner, day);
    if (there.length === 0 || !(await canGo(runner, there))) return 'nothing';
    await runner.startTransaction();
    try {
      const end = await exchange(runner, day);
      await runner.commitTransaction();
      return end;
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      if (isBusy(error)) return 'busy';
      throw error;
    }
  } finally {
    await runner.release();
  }
}

/** Whether more is there than what is open. A day that was made anew for that alone is small. */
async function canGo(runner: QueryRunner, there: DayPartition[]): Promise<boolean> {
  const named = new Map(there.map(({ table, name }) => [table, name]));
  const [events, deliveries] = [named.get('events'), named.get('deliveries')];
  if (there.length < OF_DELIVERIES.length || !events || !deliveries) return true;
  const open = `SELECT 1 FROM ${deliveries} d WHERE d.status IN ${OPEN_STATUSES}`;
  const any = async (rows: string) => (await rowsOf<object>(runner, `${rows} LIMIT 1`)).length > 0;
  if (await any(`SELECT 1 FROM ${deliveries} WHERE status NOT IN ${OPEN_STATUSES}`)) return true;
  const ownerless = `SELECT 1 FROM ${events} e WHERE NOT EXISTS (
    ${open} AND d.tenant = e.tenant AND d.event_id = e.id AND d.created_at = e.accepted_at)`;
  return (await any(ownerless)) || !(await any(open));
}

async function exchange(runner: QueryRunner, day: string): Promise<DropEnd> {
  await runner.query(`SET LOCAL lock_timeout = ${PATIENCE_MS}`);
  await runner.query('SELECT pg_advisory_xact_lock($1)', [LOCKS.partitions]);
  // They may be others since they were looked at.
  const there = await partitionsThere(runner, day);
  if (there.length === 0) return 'nothing';
  const names = there.map(({ name }) => name).join(', ');
  await runner.query(`LOCK TABLE ONLY ${names} IN SHARE ROW EXCLUSIVE MODE`);
  const left = await copyOpen(runner, there);
  await runner.query(`SET LOCAL statement_timeout = ${INTRUSION_MS}`);
  await runner.query(`LOCK TABLE ONLY ${names} IN ACCESS EXCLUSIVE MODE`);
  await runner.query(
    `LOCK TABLE ONLY ${there.map(({ table }) => table).join(', ')} IN ACCESS EXCLUSIVE MODE`,
  );
  await runner.query('SET LOCAL statement_timeout = 0');
  await runner.query(`DROP TABLE ${names}`);
  for (const partition of left) await putInPlace(runner, partition);
  return left.length > 0 ? 'open_left' : 'gone';
}

/** @returns the partitions of which a copy was made, none when nothing is open */
async function copyOpen(runner: QueryRunner, there: DayPartition[]): Promise<DayPartition[]> {
  const copied = there.filter(({ table }) => OF_DELIVERIES.includes(table));
  const deliveries = copied.find(({ table }) => table === 'deliveries');
  if (!deliveries) return [];
  const open = await rowsOf<object>(
    runner,
    `SELECT 1 FROM ${deliveries.name} WHERE status IN ${OPEN_STATUSES} LIMIT 1`,
  );
  if (open.length === 0) return [];
  const ofDeliveries = copyOf(deliveries);
  const which: Record<string, string> = {
    deliveries: `status IN ${OPEN_STATUSES}`,
    events: `(tenant, id, accepted_at) IN (SELECT tenant, event_id, created_at FROM ${ofDeliveries})`,
    attempts: `delivery_id IN (SELECT id FROM ${ofDeliveries})`,
  };
  // Deliveries first: the others are chosen by them.
  for (const partition of [deliveries, ...copied.filter((each) => each !== deliveries)]) {
    const { table, settings, from, to } = partition;
    const at = table === 'events' ? 'accepted_at' : 'created_at';
    const ofDay = `${at} >= '${from}' AND ${at} < '${to}'`;
    const copy = copyOf(partition);
    await runner.query(`CREATE TABLE ${copy} (LIKE ${table} INCLUDING ALL) WITH (${settings})`);
    // By the columns of the table, in whose order the copy has them.
    await runner.query(`INSERT INTO ${copy} SELECT * FROM ${table} WHERE ${ofDay} AND ${which[table]}`);
    // Spares the look at all rows when it is attached.
    await runner.query(`ALTER TABLE ${copy} ADD CONSTRAINT ${copy}_day CHECK (${ofDay})`);
    await runner.query(`ANALYZE ${copy}`);
  }
  return copied;
}

async function putInPlace(runner: QueryRunner, partition: DayPartition): Promise<void> {
  const { table, name, from, to } = partition;
  const copy = copyOf(partition);
  await runner.query(`ALTER TABLE ${copy} RENAME TO ${name}`);
  await runner.query(
    `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
  );
  await runner.query(`ALTER TABLE ${name} DROP CONSTRAINT ${copy}_day`);
}

function copyOf({ name }: DayPartition): string {
  return `${name}_open`;
}

/** Those that exist and are part of the record, in the order in which projections write them. */
async function partitionsThere(runner: QueryRunner, day: string): Promise<DayPartition[]> {
  const partitions = partitionsOf(day);
  const there = await rowsOf<{ relname: string }>(
    runner,
    `SELECT relname FROM pg_class
      WHERE relname = ANY($1) AND relnamespace = current_schema()::regnamespace AND relispartition`,
    [partitions.map(({ name }) => name)],
  );
  const names = new Set(there.map(({ relname }) => relname));
  return partitions.filter(({ name }) => names.has(name));
}

function rowsOf<Row>(runner: QueryRunner, statement: string, parameters: unknown[] = []): Promise<Row[]> {
  return runner.query(statement, parameters) as Promise<Row[]>;
}

const BUSY = new Set([
  '55P03', // lock_not_available
  '57014', // query_canceled, by statement_timeout
  '40P01', // deadlock_detected
]);

function isBusy(error: unknown): boolean {
  return BUSY.has(String((error as { code?: unknown } | null)?.code));
}
