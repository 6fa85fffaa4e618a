import type { EntityManager } from 'typeorm';
import { asJson } from '../record/as-json.js';
import { addCounts, type Counts } from './counts.js';
import type { TallyChange } from './tallies-of-deltas.js';

interface TallyTable {
  read: string;
  write: string;
}

/** Ends a look-up by primary key, one for each: joined without it, a planner may read the whole partition. */
const BY_KEY = 'LIMIT 1';

export const HOURS: TallyTable = {
  read: `
    SELECT wanted.n::int - 1 AS place, t.counts, (extract(epoch FROM t.last_attempt_at) * 1000)::float AS last
      FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY AS wanted(tenant, webhook, at, type, n)
     CROSS JOIN LATERAL (
           SELECT counts, last_attempt_at FROM tallies
            WHERE tenant = wanted.tenant AND webhook_id = wanted.webhook AND event_type = wanted.type
              AND starts_at = to_timestamp(wanted.at / 1000.0) ${BY_KEY}) AS t`,
  write: `
    INSERT INTO tallies (tenant, webhook_id, event_type, starts_at, counts, succeeded, failed, retrying, last_attempt_at)
    SELECT tenant, webhook_id, event_type, to_timestamp(starts_at / 1000.0), counts, succeeded, failed, retrying,
           to_timestamp(nullif(last_attempt_at, 0) / 1000.0)
      FROM json_to_recordset($1::json) AS t(
        tenant text, webhook_id text, event_type text, starts_at bigint, counts json, succeeded integer,
        failed integer, retrying integer, last_attempt_at bigint)
    ON CONFLICT (tenant, webhook_id, event_type, starts_at) DO UPDATE SET
      counts = excluded.counts, succeeded = excluded.succeeded, failed = excluded.failed,
      retrying = excluded.retrying, last_attempt_at = excluded.last_attempt_at`,
};

export const MINUTES: TallyTable = {
  read: `
    SELECT wanted.n::int - 1 AS place, t.counts, 0 AS last
      FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) WITH ORDINALITY AS wanted(tenant, webhook, at, type, n)
     CROSS JOIN LATERAL (
           SELECT counts FROM minute_tallies
            WHERE tenant = wanted.tenant AND webhook_id = wanted.webhook
              AND starts_at = to_timestamp(wanted.at / 1000.0) ${BY_KEY}) AS t`,
  write: `
    INSERT INTO minute_tallies (tenant, webhook_id, starts_at, counts, succeeded, failed)
    SELECT tenant, webhook_id, to_timestamp(starts_at / 1000.0), counts, succeeded, failed
      FROM json_to_recordset($1::json) AS t(
        tenant text, webhook_id text, starts_at bigint, counts json, succeeded integer, failed integer)
    ON CONFLICT (tenant, webhook_id, starts_at) DO UPDATE SET
      counts = excluded.counts, succeeded = excluded.succeeded, failed = excluded.failed`,
};

/** What one statement carries at most: this process routes events too, and reading and writing a hundred takes it a millisecond or two. */
const PORTION = 100;

/**
 * Adds to tallies, making those that are not there. Nobody else may write them
 * meanwhile: what they hold is read, added to here, and written back, which
 * costs a fraction of adding JSON by SQL.
 */
export async function addToTallies(
  manager: EntityManager,
  table: TallyTable,
  changes: readonly TallyChange[],
): Promise<void> {
  for (let i = 0; i < changes.length; i += PORTION)
    await addPortion(manager, table, changes.slice(i, i + PORTION));
}

async function addPortion(manager: EntityManager, table: TallyTable, changes: TallyChange[]): Promise<void> {
  const known = await manager.query<{ place: number; counts: Counts; last: number | null }[]>(table.read, [
    changes.map(({ tenant }) => tenant),
    changes.map(({ webhook_id }) => webhook_id),
    changes.map(({ starts_at }) => starts_at),
    changes.map(({ event_type }) => event_type),
  ]);
  for (const { place, counts, last } of known) {
    const change = changes[place];
    if (!change) continue;
    addCounts(change.counts, counts);
    change.last_attempt_at = Math.max(change.last_attempt_at, last ?? 0);
  }
  const rows = changes.map((change) => ({
    ...change,
    succeeded: change.counts['deliveries.success'] ?? 0,
    failed: change.counts['deliveries.failed'] ?? 0,
    retrying: change.counts['deliveries.retrying'] ?? 0,
  }));
  await manager.query(table.write, [asJson(rows)]);
}
