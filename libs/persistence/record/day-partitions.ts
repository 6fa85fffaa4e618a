import type { DataSource, EntityManager } from 'typeorm';
import { LOCKS } from '../advisory-locks.js';

const DAY_MS = 86_400_000;

interface Partitioned {
  table: string;
  /** Storage settings; a partitioned table passes none down to its partitions. */
  settings: string;
}

/**
 * `events` and `attempts` only grow, so they are vacuumed for the visibility
 * map alone. Rows of `deliveries` change some times in their first minutes:
 * the free fifth of each page takes the new versions (HOT).
 */
const TABLES: Partitioned[] = [
  { table: 'events', settings: 'autovacuum_vacuum_insert_scale_factor = 0.5' },
  {
    table: 'deliveries',
    settings:
      'fillfactor = 80, autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_insert_scale_factor = 0.5',
  },
  { table: 'attempts', settings: 'autovacuum_vacuum_insert_scale_factor = 0.5' },
  // The rows of what is going on are written again every second (HOT).
  { table: 'tallies', settings: 'fillfactor = 70' },
  { table: 'minute_tallies', settings: 'fillfactor = 70' },
];

/**
 * The day that a time belongs to, UTC, as `2026-01-31`.
 * @param at milliseconds since 1970
 */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/**
 * Makes the partitions of the record for some days, where they do not exist.
 * Costs one round trip when they do. A caller that remembers what it ensured
 * must ask again when an insert fails by isMissingPartition: old days are dropped.
 * @param days as dayOf gives them; the partitions of all tables are made
 * @throws TypeError for a day that is not one
 */
export async function ensureDayPartitions(dataSource: DataSource, days: Iterable<string>): Promise<void> {
  const wanted = [...new Set(days)].flatMap(partitionsOf);
  const names = wanted.map((partition) => partition.name);
  if ((await existing(dataSource.manager, names)).size === wanted.length) return;
  await dataSource.transaction(async (manager) => {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [LOCKS.partitions]);
    // Another replica may have made them while this one waited for the lock.
    const made = await existing(manager, names);
    for (const { table, settings, name, from, to } of wanted) {
      if (made.has(name)) continue;
      // Attaching, unlike PARTITION OF, lets readers and writers of the table go on.
      await manager.query(`CREATE TABLE ${name} (LIKE ${table} INCLUDING ALL) WITH (${settings})`);
      await manager.query(
        `ALTER TABLE ${table} ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`,
      );
    }
  });
}

/** The partition of a table for a day. Everything here may stand in a statement as it is. */
export interface DayPartition extends Partitioned {
  name: string;
  /** Its bounds, the second one outside; RFC 3339. */
  from: string;
  to: string;
}

/**
 * The partitions of the record for a day, whether or not they exist.
 * @param day as dayOf gives it
 * @throws TypeError for a day that is not one
 */
export function partitionsOf(day: string): DayPartition[] {
  const start = Date.parse(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(start))
    throw new TypeError(`A day must look like 2026-01-31, but this one is "${day}".`);
  const bounds = { from: `${day}T00:00:00Z`, to: `${dayOf(start + DAY_MS)}T00:00:00Z` };
  return TABLES.map((of) => ({ ...of, ...bounds, name: `${of.table}_${day.replaceAll('-', '')}` }));
}

/** The days of which the record has partitions, the oldest first; each as its beginning, milliseconds since 1970. */
export async function daysOfRecord(dataSource: DataSource): Promise<number[]> {
  const rows = await dataSource.query<{ day: string }[]>(
    `SELECT DISTINCT right(child.relname, 8) AS day
       FROM pg_inherits i JOIN pg_class child ON child.oid = i.inhrelid JOIN pg_class parent ON parent.oid = i.inhparent
      WHERE parent.relname = ANY($1) AND parent.relnamespace = current_schema()::regnamespace
        AND child.relname = parent.relname || '_' || right(child.relname, 8)
      ORDER BY day`,
    [TABLES.map(({ table }) => table)],
  );
  return rows.map(({ day }) => Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`));
}

/** Reads pg_class itself: to_regclass answers from a cache that waiting for an advisory lock does not refresh. */
async function existing(manager: EntityManager, names: string[]): Promise<Set<string>> {
  const rows = await manager.query<{ relname: string }[]>(
    'SELECT relname FROM pg_class WHERE relname = ANY($1) AND relnamespace = current_schema()::regnamespace',
    [names],
  );
  return new Set(rows.map((row) => row.relname));
}

/** Whether an insert failed because the day of a row has no partition (any more). */
export function isMissingPartition(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  const message = error instanceof Error ? error.message : '';
  return code === '23514' && message.includes('no partition of relation');
}
