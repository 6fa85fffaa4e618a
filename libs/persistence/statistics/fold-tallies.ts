import { setImmediate as turn } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';
import { LOCKS } from '../advisory-locks.js';
import { dayOf, ensureDayPartitions, isMissingPartition } from '../record/day-partitions.js';
import { addToTallies, HOURS, MINUTES } from './add-to-tallies.js';
import type { Delta } from './deltas-of-batch.js';
import { minutesKeptFrom } from './kept-minutes.js';
import { TallyChanges } from './tallies-of-deltas.js';

export interface Fold {
  /** Batches of the projection that were folded. */
  deltas: number;
  /** Tallies that changed. */
  tallies: number;
  /** Whether there is more than was taken. */
  more: boolean;
}

const NONE: Fold = { deltas: 0, tallies: 0, more: false };
/** Each has what a batch of up to some thousand facts changed. */
export const DELTAS_AT_ONCE = 50;

/**
 * Adds some of what the projection wrote down to the tallies, and strikes it
 * out, in one transaction: whoever dies in it has changed nothing. One replica
 * at a time does so; the others find nothing to do.
 * @throws what the driver says; nothing is changed then
 */
export async function foldTallies(database: DataSource, atOnce = DELTAS_AT_ONCE): Promise<Fold> {
  const days = new Set<string>();
  const once = () => database.transaction((manager) => foldIn(manager, atOnce, days));
  try {
    return await once();
  } catch (error) {
    if (!isMissingPartition(error)) throw error;
    await ensureDayPartitions(database, days);
    return once();
  }
}

/** @param days to put in the days of all that is written */
async function foldIn(manager: EntityManager, atOnce: number, days: Set<string>): Promise<Fold> {
  const [lock] = await manager.query<{ held: boolean }[]>('SELECT pg_try_advisory_xact_lock($1) AS held', [
    LOCKS.statistics,
  ]);
  if (!lock?.held) return NONE;
  const found = await manager.query<{ seq: number; body: string }[]>(
    'SELECT seq::float AS seq, body::text AS body FROM tally_deltas ORDER BY seq LIMIT $1',
    [atOnce],
  );
  if (found.length === 0) return NONE;
  const changes = new TallyChanges(minutesKeptFrom(Date.now()));
  for (const { body } of found) {
    for (const delta of JSON.parse(body) as Delta[]) changes.add(delta);
    // Events are routed by this process too; so the driver does not parse all of them in one go either.
    await turn();
  }
  const hours = [...changes.hours.values()];
  const minutes = [...changes.minutes.values()];
  for (const { starts_at } of hours) days.add(dayOf(starts_at));
  await addToTallies(manager, HOURS, hours);
  await addToTallies(manager, MINUTES, minutes);
  await manager.query('DELETE FROM tally_deltas WHERE seq = ANY($1::bigint[])', [
    found.map(({ seq }) => seq),
  ]);
  return { deltas: found.length, tallies: hours.length + minutes.length, more: found.length === atOnce };
}

/** For how long what the projection wrote down waits to be folded, milliseconds; 0 when nothing does. */
export async function ageOfUnfolded(database: DataSource): Promise<number> {
  const [row] = await database.query<{ age: number }[]>(
    `SELECT greatest(0, extract(epoch FROM clock_timestamp() - written_at) * 1000)::float AS age
       FROM tally_deltas ORDER BY seq LIMIT 1`,
  );
  return row?.age ?? 0;
}
