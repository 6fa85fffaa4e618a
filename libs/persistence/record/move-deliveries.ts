import type { EntityManager } from 'typeorm';
import { asJson } from './as-json.js';
import type { DeliveryJson } from './rows-of-facts.js';

/** A delivery that moved, and its status before: null when it was not there. */
export interface DeliveryMove {
  row: DeliveryJson;
  was: string | null;
}

/** The order of a delivery's states, as `place` in rows-of-facts.ts has it. */
const placeOf = (row: string) => `(
    ${row}.status = 'success',
    CASE WHEN ${row}.status = 'success' THEN 0 ELSE ${row}.attempt_count END,
    coalesce(${row}.owed_at, ${row}.created_at),
    ${row}.status IN ('failed', 'cancelled'),
    ${row}.updated_at,
    coalesce(${row}.next_attempt_at, 'epoch'),
    coalesce(${row}.status_code, 0),
    coalesce(${row}.reason, '') COLLATE "C",
    ${row}.attempt_count)`;

const INSERT = `
  INSERT INTO deliveries AS known (id, created_at, tenant, event_id, event_type, webhook_id, status, attempt_count,
    next_attempt_at, completed_at, reason, status_code, owed_at, updated_at)
  SELECT id, to_timestamp(created_at / 1000.0), tenant, event_id, event_type, webhook_id, status, attempt_count,
    to_timestamp(next_attempt_at / 1000.0), to_timestamp(completed_at / 1000.0), reason, status_code,
    to_timestamp(owed_at / 1000.0), to_timestamp(updated_at / 1000.0)
    FROM json_to_recordset($1::json) AS d(
      id text, created_at bigint, tenant text, event_id text, event_type text, webhook_id text, status text,
      attempt_count integer, next_attempt_at bigint, completed_at bigint, reason text, status_code integer,
      owed_at bigint, updated_at bigint)`;

/** A delivery only moves forward. */
const MOVE = `${INSERT}
  ON CONFLICT (id, created_at) DO UPDATE SET
    status = excluded.status, attempt_count = excluded.attempt_count, next_attempt_at = excluded.next_attempt_at,
    completed_at = excluded.completed_at, reason = excluded.reason, status_code = excluded.status_code,
    owed_at = excluded.owed_at, updated_at = excluded.updated_at
  WHERE ${placeOf('excluded')} > ${placeOf('known')}`;

/** By primary key, one after the other, and so in the order of the ids. */
const LOCK = `
  SELECT known.id, known.status
    FROM unnest($1::text[], $2::bigint[]) AS wanted(id, at)
   CROSS JOIN LATERAL (
         SELECT id, status FROM deliveries
          WHERE id = wanted.id AND created_at = to_timestamp(wanted.at / 1000.0)::timestamptz(3)
          LIMIT 1 FOR NO KEY UPDATE) AS known`;

/** RETURNING tells what was before from PostgreSQL 18 on. */
export const RETURNS_OLD_FROM = 18;

/**
 * Writes deliveries as far as they move forward; belongs into a transaction.
 * What each was before is exact whatever others write at the same time:
 * PostgreSQL 18 says it of the very row that it replaced; before, those that
 * were not there are inserted first, and the others locked and read.
 * @param rows each delivery once, in the order of their ids
 * @param version of PostgreSQL
 * @returns those that moved
 */
export async function moveDeliveries(
  manager: EntityManager,
  rows: readonly DeliveryJson[],
  version: number,
): Promise<DeliveryMove[]> {
  if (rows.length === 0) return [];
  const byId = new Map(rows.map((row) => [row.id, row]));
  const moves = (found: { id: string; was: string | null }[]): DeliveryMove[] =>
    found.flatMap(({ id, was }) => {
      const row = byId.get(id);
      return row ? [{ row, was }] : [];
    });
  if (version >= RETURNS_OLD_FROM)
    return moves(await manager.query(`${MOVE} RETURNING known.id, old.status AS was`, [asJson(rows)]));
  type Ids = { id: string }[];
  const inserted = await manager.query<Ids>(`${INSERT} ON CONFLICT DO NOTHING RETURNING id`, [asJson(rows)]);
  const isNew = new Set(inserted.map(({ id }) => id));
  const there = rows.filter(({ id }) => !isNew.has(id));
  const begun = moves(inserted.map(({ id }) => ({ id, was: null })));
  if (there.length === 0) return begun;
  const locked = await manager.query<{ id: string; status: string }[]>(LOCK, [
    there.map(({ id }) => id),
    there.map(({ created_at }) => created_at),
  ]);
  const before = new Map(locked.map(({ id, status }) => [id, status]));
  const moved = await manager.query<Ids>(`${MOVE} RETURNING known.id`, [asJson(there)]);
  return [...begun, ...moves(moved.map(({ id }) => ({ id, was: before.get(id) ?? null })))];
}
