import type { DataSource } from 'typeorm';

/** One number of one tally, as a line of text that can be compared. */
type Line = string;

/** Everything that is counted, from the rows of the record: whose it is, when it was, and its name. */
const COUNTED = `
  SELECT tenant, '' AS webhook, type, accepted_at AS at, 'events.rejected' AS name FROM events WHERE status = 'rejected'
  UNION ALL SELECT tenant, '', type, accepted_at, 'events' FROM events WHERE status = 'accepted'
  UNION ALL SELECT tenant, '', type, accepted_at, 'events.unmatched' FROM events WHERE status = 'accepted' AND match_count = 0
  UNION ALL SELECT tenant, webhook_id, event_type, created_at, 'deliveries.' || status FROM deliveries
  UNION ALL SELECT tenant, webhook, type, at, 'attempts.dropped' FROM made WHERE NOT sent
  UNION ALL SELECT tenant, webhook, type, at, 'attempts.success' FROM made WHERE sent AND error_kind IS NULL
  UNION ALL SELECT tenant, webhook, type, at, 'attempts.failed' FROM made WHERE sent AND error_kind IS NOT NULL
  UNION ALL SELECT tenant, webhook, type, at, 'attempts.test' FROM made WHERE sent AND trigger = 'test'
  UNION ALL SELECT tenant, webhook, type, at, 'status.' || response_status FROM made WHERE response_status IS NOT NULL
  UNION ALL SELECT tenant, webhook, type, at, 'error.' || error_kind FROM made WHERE error_kind IS NOT NULL`;

const MADE = `
  SELECT a.tenant, d.webhook_id AS webhook, d.event_type AS type, a.started_at AS at, a.error_kind, a.trigger,
         a.response_status, a.duration_ms, a.response_status IS NOT NULL OR a.error_kind IS NOT NULL AS sent
    FROM attempts a JOIN deliveries d ON d.id = a.delivery_id`;

/** What is about a webhook counts for all of its tenant too, and so does what is about an event type. */
const scoped = (counted: string, withTypes: boolean) => `
  SELECT c.*, w.webhook AS of_webhook, t.type AS of_type
    FROM (${counted}) AS c
   CROSS JOIN LATERAL (SELECT '' AS webhook UNION SELECT c.webhook) AS w
   CROSS JOIN LATERAL (SELECT '' AS type ${withTypes ? 'UNION SELECT c.type' : ''}) AS t`;

/** All counts by the record itself, latencies apart: by hour, or by minute since a time. */
export async function recount(database: DataSource, grain: 'hour' | 'minute', since: Date): Promise<Line[]> {
  return lines(
    database,
    `WITH made AS (${MADE})
     SELECT tenant, of_webhook, of_type, date_trunc('${grain}', at, 'UTC') AS starts_at, name, count(*) AS count
       FROM (${scoped(COUNTED, grain === 'hour')}) AS s
      WHERE date_trunc('minute', at, 'UTC') >= $1
      GROUP BY 1, 2, 3, 4, 5`,
    [since],
  );
}

/** The same by the tallies. */
export async function tallied(database: DataSource, grain: 'hour' | 'minute'): Promise<Line[]> {
  const [table, type] = grain === 'hour' ? ['tallies', 'event_type'] : ['minute_tallies', `''`];
  return lines(
    database,
    `SELECT tenant, webhook_id AS of_webhook, ${type} AS of_type, starts_at, name, count
       FROM ${table} CROSS JOIN LATERAL json_each_text(counts) AS c(name, count)
      WHERE name NOT LIKE 'latency.%'`,
  );
}

async function lines(database: DataSource, rows: string, parameters: unknown[] = []): Promise<Line[]> {
  const found = await database.query<{ line: Line }[]>(
    `SELECT concat_ws(' ', tenant, '[' || of_webhook || ']', '[' || of_type || ']',
            to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'), name, '=', count) AS line
       FROM (${rows}) AS found`,
    parameters,
  );
  return found.map(({ line }) => line).sort();
}

/** Of each hour's tally the true percentiles of its attempts, and when the last one was begun. */
export function trueLatencies(database: DataSource, shares: readonly number[]) {
  return database.query<
    { counts: Record<string, number>; truth: number[]; last: Date; last_attempt_at: Date }[]
  >(
    `WITH made AS (${MADE} WHERE a.response_status IS NOT NULL OR a.error_kind IS NOT NULL)
     SELECT t.counts, r.truth, r.last, t.last_attempt_at
       FROM (SELECT tenant, of_webhook, of_type, date_trunc('hour', at, 'UTC') AS starts_at, max(at) AS last,
                    percentile_disc($1::float8[]) WITHIN GROUP (ORDER BY duration_ms) AS truth
               FROM (${scoped('SELECT * FROM made', true)}) AS s GROUP BY 1, 2, 3, 4) AS r
       LEFT JOIN tallies t ON t.tenant = r.tenant AND t.webhook_id = r.of_webhook AND t.event_type = r.of_type
             AND t.starts_at = r.starts_at`,
    [shares],
  );
}

/** Numbers that stand beside counts and are not what counts say. */
export function strayNumbers(database: DataSource): Promise<unknown[]> {
  const says = (name: string) => `coalesce((counts->>'deliveries.${name}')::int, 0)`;
  return database.query(
    `SELECT tenant, webhook_id, starts_at FROM tallies
      WHERE (succeeded, failed, retrying) <> (${says('success')}, ${says('failed')}, ${says('retrying')})
      UNION ALL
     SELECT tenant, webhook_id, starts_at FROM minute_tallies
      WHERE (succeeded, failed) <> (${says('success')}, ${says('failed')})`,
  );
}
