import type { DataSource } from 'typeorm';
import { dayOf, daysOfRecord, partitionsOf } from './day-partitions.js';

/*
 * What lists and searches of long ago go by, and what stands in the way of
 * writing: the statuses of a delivery change, and words are many. So a day gets
 * these when it is over and hardly changes any more (docs/adr/0013). The
 * parents do not have them; a day that lacks one is looked through row by row.
 */

/**
 * All that `q` looks into; no `q` has a line break, so none finds the end of one and the beginning of the next. A
 * statement that asks just so goes by the index.
 */
export const SEARCHED = `(id || E'\\n' || type || E'\\n' || coalesce(data, ''))`;

interface PastIndex {
  /** The end of its name, after its partition's. */
  name: string;
  on: string;
}

const INDEXES = {
  events: [{ name: 'searched', on: `USING gin (tenant, (${SEARCHED}) gin_trgm_ops)` }],
  deliveries: [
    { name: 'status', on: `(tenant, status, id) WHERE status <> 'success'` },
    { name: 'status_code', on: `(tenant, status_code, id) WHERE status_code <> 200` },
    { name: 'event_type', on: `(tenant, event_type, id)` },
    { name: 'webhook_status', on: `(tenant, webhook_id, status, id) WHERE status <> 'success'` },
    { name: 'webhook_status_code', on: `(tenant, webhook_id, status_code, id) WHERE status_code <> 200` },
  ],
} satisfies Record<string, PastIndex[]>;

export type IndexedTable = keyof typeof INDEXES;
const TABLES = Object.keys(INDEXES) as IndexedTable[];

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A day is indexed when it has been over for so long: what it owed has ended by then, as a rule. */
const SETTLING_MS = HOUR_MS;

/**
 * Makes the indexes of days that are over, where they lack them; the oldest
 * first. Writers go on meanwhile. One replica at a time is to do so.
 * @param now milliseconds since 1970
 * @param goesOn asked before each index
 * @returns the names of the indexes that were made
 * @throws what the driver says; an index that was begun is made anew next time
 */
export async function indexPastDays(
  dataSource: DataSource,
  now: number,
  goesOn: () => boolean = () => true,
): Promise<string[]> {
  const made: string[] = [];
  const valid = await validIndexes(dataSource);
  const session = dataSource.createQueryRunner();
  try {
    for (const day of await daysOfRecord(dataSource)) {
      if (day + DAY_MS + SETTLING_MS > now) break;
      for (const { name, partition, on } of indexesOf(dayOf(day))) {
        if (valid.has(name) || !goesOn()) continue;
        if (await makeIndex(session, name, partition, on)) made.push(name);
      }
    }
  } finally {
    await session.release();
  }
  return made;
}

type Session = ReturnType<DataSource['createQueryRunner']>;

/** @returns false where this server cannot have the index */
async function makeIndex(session: Session, name: string, partition: string, on: string): Promise<boolean> {
  // One that was broken off stays, and is not used.
  await session.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
  try {
    await session.query(`CREATE INDEX CONCURRENTLY ${name} ON ${partition} ${on}`);
    // What an expression holds is known after this; without it the planner guesses.
    await session.query(`ANALYZE ${partition}`);
    return true;
  } catch (error) {
    // Without the extensions events are looked through; a day that was dropped meanwhile needs none.
    if (isAbsent(error)) return false;
    throw error;
  }
}

const UNDEFINED_OBJECT = '42704';
const UNDEFINED_TABLE = '42P01';

function isAbsent(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === UNDEFINED_OBJECT || code === UNDEFINED_TABLE;
}

function indexesOf(day: string) {
  return partitionsOf(day).flatMap(({ table, name: partition }) =>
    TABLES.filter((indexed) => indexed === table).flatMap((indexed) =>
      INDEXES[indexed].map(({ name, on }) => ({ name: `${partition}_${name}`, partition, on })),
    ),
  );
}

async function validIndexes(dataSource: DataSource): Promise<Set<string>> {
  const rows = await dataSource.query<{ name: string }[]>(
    `SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
      WHERE i.indisvalid AND t.relispartition AND c.relnamespace = current_schema()::regnamespace`,
  );
  return new Set(rows.map(({ name }) => name));
}

/** What lists know of the days on record. */
export interface KnownDays {
  /** Those of which a table has all its indexes, as dayOf gives them. */
  indexedDays: Record<IndexedTable, ReadonlySet<string>>;
  /** The beginning of the oldest, milliseconds since 1970; undefined where there is none. */
  oldest: number | undefined;
}

/** Days get indexes once a day, so lists need not ask each time. */
const KNOWN_FOR_MS = 60_000;
const known = new WeakMap<DataSource, { until: number; days: Promise<KnownDays> }>();

/**
 * The days on record, as of at most a minute ago. A day that has lost its
 * indexes since is only read more slowly.
 */
export async function knownDays(dataSource: DataSource): Promise<KnownDays> {
  let answer = known.get(dataSource);
  if (!answer || answer.until < Date.now()) {
    answer = { until: Date.now() + KNOWN_FOR_MS, days: askDays(dataSource) };
    answer.days.catch(() => known.delete(dataSource));
    known.set(dataSource, answer);
  }
  return answer.days;
}

/** Has the days asked for again when they are next needed. */
export function forgetDays(dataSource: DataSource): void {
  known.delete(dataSource);
}

async function askDays(dataSource: DataSource): Promise<KnownDays> {
  const [oldest] = await daysOfRecord(dataSource);
  const valid = await validIndexes(dataSource);
  const of = (table: IndexedTable): ReadonlySet<string> => {
    const [first, ...rest] = INDEXES[table].map(({ name }) => daysWith(valid, table, name));
    return new Set([...(first ?? [])].filter((day) => rest.every((days) => days.has(day))));
  };
  return { indexedDays: { events: of('events'), deliveries: of('deliveries') }, oldest };
}

function daysWith(valid: ReadonlySet<string>, table: string, name: string): Set<string> {
  const shape = new RegExp(`^${table}_(\\d{4})(\\d\\d)(\\d\\d)_${name}$`);
  const days = [...valid].map((index) => shape.exec(index)).filter((found) => found !== null);
  return new Set(days.map(([, year, month, day]) => `${year}-${month}-${day}`));
}
