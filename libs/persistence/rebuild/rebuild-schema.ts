import type { DataSource } from 'typeorm';
import { LOCKS } from '../advisory-locks.js';
import { createDatabase } from '../database.js';
import { dayOf, daysOfRecord, ensureDayPartitions, partitionsOf } from '../record/day-partitions.js';
import { OPEN_STATUSES } from '../record/delivery-row.js';

/*
 * The record is made anew in a schema of its own, in tables like the live ones,
 * by the projection that writes the live ones (docs/adr/0011).
 */

/** Where the tables are made anew. */
export const ANEW = 'tidings_rebuild';
/** Where partitions go that were replaced, until they are dropped. */
export const REPLACED = 'tidings_replaced';

/** Partitioned by day: days of them are exchanged. */
const PARTITIONED = ['events', 'deliveries', 'attempts', 'tallies', 'minute_tallies'];
/**
 * What the projection writes besides. `tally_deltas` are folded before days are
 * exchanged; of the others the live ones stay, for they hold more than the
 * journal tells, or hints that may be there twice.
 */
const PLAIN = ['tally_deltas', 'left_open', 'webhook_activity'];

/** Makes empty tables like the live ones; what an earlier rebuild left that died is dropped. */
export async function makeTablesAnew(live: DataSource): Promise<void> {
  await dropTablesAnew(live);
  await live.transaction(async (manager) => {
    await manager.query(`CREATE SCHEMA ${ANEW}`);
    await manager.query(`CREATE SCHEMA ${REPLACED}`);
    for (const table of PARTITIONED) {
      const [key] = await manager.query<{ by: string }[]>('SELECT pg_get_partkeydef($1::regclass) AS by', [
        table,
      ]);
      await manager.query(
        `CREATE TABLE ${ANEW}.${table} (LIKE ${table} INCLUDING ALL) PARTITION BY ${key?.by ?? ''}`,
      );
    }
    for (const table of PLAIN)
      await manager.query(`CREATE TABLE ${ANEW}.${table} (LIKE ${table} INCLUDING ALL)`);
  });
}

export async function dropTablesAnew(live: DataSource): Promise<void> {
  await live.query(`DROP SCHEMA IF EXISTS ${ANEW}, ${REPLACED} CASCADE`);
}

/** The database as one that writes into the tables that are made anew. */
export async function openAnew(url: string): Promise<DataSource> {
  return createDatabase(url, { name: 'tidings-rebuild', poolSize: 4, schema: ANEW }).initialize();
}

/** A day that stays as it is, with the reason. */
export interface KeptDay {
  day: string;
  /** A table, of which the live day holds rows that the journal does not tell of. */
  because: string;
}

export interface ExchangePlan {
  days: string[];
  kept: KeptDay[];
}

const DAY_MS = 86_400_000;

/**
 * Which days can be exchanged: those after the day of the journal's first
 * message, and earlier ones where nothing that is live would be lost. Makes
 * partitions for them anew where the journal tells of nothing.
 * @param journalFrom when the journal's first message was stored, milliseconds since 1970
 * @param readAt when the journal's end was read, or before; what is younger the journal has, and is not looked at
 */
export async function planExchange(
  live: DataSource,
  anew: DataSource,
  journalFrom: number,
  readAt: number,
): Promise<ExchangePlan> {
  const covered = (Math.floor(journalFrom / DAY_MS) + 1) * DAY_MS;
  const plan: ExchangePlan = { days: [], kept: [] };
  for (const start of await daysOfRecord(live)) {
    const day = dayOf(start);
    await ensureDayPartitions(anew, [day]);
    const because = start >= covered ? undefined : await lostTable(live, day, new Date(readAt - LATE_MS));
    if (because === undefined) plan.days.push(day);
    else plan.kept.push({ day, because });
  }
  return plan;
}

/** Facts reach the record later than they happen, as a rule by less than this. */
const LATE_MS = 10_000;
const HAPPENED: Record<string, string> = {
  events: 'accepted_at',
  deliveries: 'created_at',
  attempts: 'started_at',
};
const KEYS: Record<string, string[]> = {
  events: ['tenant', 'id', 'accepted_at'],
  deliveries: ['id', 'created_at'],
  attempts: ['delivery_id', 'id', 'created_at'],
};

/** A table of which the live day has a row that the other one has not. */
async function lostTable(live: DataSource, day: string, before: Date): Promise<string | undefined> {
  for (const { table, name } of partitionsOf(day)) {
    const key = KEYS[table];
    if (!key) continue;
    const same = key.map((column) => `anew.${column} = live.${column}`).join(' AND ');
    const [row] = await live.query<{ lost: boolean }[]>(
      `SELECT EXISTS (SELECT FROM ${name} live WHERE live.${HAPPENED[table]} < $1
          AND NOT EXISTS (SELECT FROM ${ANEW}.${name} anew WHERE ${same})) AS lost`,
      [before],
    );
    if (row?.lost) return table;
  }
  return undefined;
}

/** Payloads of large events, where EVENTS does not have them any more but the live record does. */
export async function keepPayloads(live: DataSource, days: readonly string[]): Promise<void> {
  for (const day of days) {
    const name = partitionsOf(day).find(({ table }) => table === 'events')?.name;
    await live.query(
      `UPDATE ${ANEW}.${name} anew SET data = live.data, metadata = live.metadata FROM ${name} live
        WHERE anew.data IS NULL AND live.data IS NOT NULL
          AND live.tenant = anew.tenant AND live.id = anew.id AND live.accepted_at = anew.accepted_at`,
    );
  }
}

/** Says of each partition what its bounds are, so that attaching it need not look. */
export async function boundPartitions(live: DataSource, days: readonly string[]): Promise<void> {
  for (const { table, name, from, to } of days.flatMap(partitionsOf)) {
    const column = COLUMNS[table] ?? 'starts_at';
    await live.query(`ALTER TABLE ${ANEW}.${name} DROP CONSTRAINT IF EXISTS of_its_day`);
    await live.query(
      `ALTER TABLE ${ANEW}.${name} ADD CONSTRAINT of_its_day CHECK (${column} >= '${from}' AND ${column} < '${to}')`,
    );
  }
}

const COLUMNS: Record<string, string> = {
  events: 'accepted_at',
  deliveries: 'created_at',
  attempts: 'created_at',
};

/** How long one statement waits for those who read or write; they wait behind it as long. */
const LOCK_TIMEOUT_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Exchanges days, all of them or none.
 * @returns false where somebody used the record all the time; nothing is changed then
 * @throws what the driver says; nothing is changed then
 */
export async function exchangeDays(live: DataSource, days: readonly string[]): Promise<boolean> {
  try {
    await live.transaction(async (manager) => {
      await manager.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
      await manager.query('SELECT pg_advisory_xact_lock($1)', [LOCKS.partitions]);
      const [schema] = await manager.query<{ name: string }[]>('SELECT current_schema() AS name');
      for (const { table, name, from, to } of days.flatMap(partitionsOf)) {
        await manager.query(`ALTER TABLE ${table} DETACH PARTITION ${name}`);
        await manager.query(`ALTER TABLE ${name} SET SCHEMA ${REPLACED}`);
        await manager.query(`ALTER TABLE ${ANEW}.${table} DETACH PARTITION ${ANEW}.${name}`);
        await manager.query(`ALTER TABLE ${ANEW}.${name} SET SCHEMA ${schema?.name ?? 'public'}`);
        await manager.query(
          `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
        );
        await manager.query(`ALTER TABLE ${name} DROP CONSTRAINT of_its_day`);
      }
    });
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
}

/** Tells the reconciler of what is open in days that were made anew; it looks each up before it does anything. */
export async function tellOfOpen(live: DataSource, days: readonly string[]): Promise<void> {
  for (const day of days) {
    const name = partitionsOf(day).find(({ table }) => table === 'deliveries')?.name;
    await live.query(
      `INSERT INTO left_open (check_at, deliveries, seen)
       SELECT now(), array_agg(id), array_agg((extract(epoch FROM updated_at) * 1000)::bigint)
         FROM (SELECT id, updated_at, row_number() OVER () / 2000 AS portion
                 FROM ${ANEW}.${name} WHERE status IN ${OPEN_STATUSES}) AS open
        GROUP BY portion`,
    );
  }
}
