import type { DataSource } from 'typeorm';
import { dayOf } from '../record/day-partitions.js';

const DAY_MS = 86_400_000;
/** Days before today whose minutes are kept: whenever it is, those of the last 48 hours are there. */
const DAYS = 2;

/**
 * From when on minutes are counted one by one; before, only their hours are.
 * @param now milliseconds since 1970
 * @returns the beginning of a day, UTC, milliseconds since 1970
 */
export function minutesKeptFrom(now: number): number {
  return now - (now % DAY_MS) - DAYS * DAY_MS;
}

/**
 * Empties the partitions of days whose minutes are kept no more. TRUNCATE costs
 * the same however much there was, and locks the day's partition alone, which
 * nobody reads. The empty partition goes with its day's record.
 * @returns the names of those that were emptied
 */
export async function forgetMinutes(database: DataSource, now: number = Date.now()): Promise<string[]> {
  const before = `minute_tallies_${dayOf(minutesKeptFrom(now)).replaceAll('-', '')}`;
  const old = await database.query<{ name: string }[]>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'minute_tallies'::regclass AND c.relname < $1 AND pg_relation_size(c.oid) > 0
      ORDER BY c.relname`,
    [before],
  );
  for (const { name } of old) await database.query(`TRUNCATE ${name}`);
  return old.map(({ name }) => name);
}
