import type { AttemptRecord, Fact } from '#domain';

/** What some facts say of a webhook's attempts, as JSON named after the columns; times are milliseconds since 1970. */
export interface ActivityJson {
  webhook_id: string;
  tenant: string;
  last_attempt_at: number;
  last_success_at: number | null;
  last_failure_at: number | null;
  failing_since: number | null;
}

/**
 * The activity that facts tell, one row for each webhook that was attempted, in
 * the order of their ids. The same whatever the order of the facts. What a
 * person tries out (`test`) says nothing of how a webhook fares, nor does what
 * was never sent for its transform.
 */
export function activityOfFacts(facts: Fact[]): ActivityJson[] {
  const rows = new Map<string, ActivityJson>();
  const failures: [row: ActivityJson, at: number][] = [];
  for (const fact of facts) {
    if (fact.kind !== 'attempt.finished' || fact.attempt.trigger === 'test') continue;
    const { webhook, tenant, attempt } = fact;
    const at = attempt.started_at + attempt.duration_ms;
    let row = rows.get(webhook);
    if (!row) rows.set(webhook, (row = { webhook_id: webhook, tenant, ...NOTHING, last_attempt_at: at }));
    row.last_attempt_at = Math.max(row.last_attempt_at, at);
    if (saysNothing(attempt)) continue;
    if (attempt.error) failures.push([row, at]);
    else row.last_success_at = Math.max(row.last_success_at ?? at, at);
  }
  for (const [row, at] of failures) {
    row.last_failure_at = Math.max(row.last_failure_at ?? at, at);
    if (at > (row.last_success_at ?? -Infinity)) row.failing_since = Math.min(row.failing_since ?? at, at);
  }
  return [...rows.values()].sort((a, b) => (a.webhook_id < b.webhook_id ? -1 : 1));
}

/** A transform dropped the delivery, or no request could be made of it: its webhook is disabled by a count of those. */
function saysNothing({ response, error }: AttemptRecord): boolean {
  return response === null && (error === null || error.kind === 'transform');
}

const NOTHING = { last_success_at: null, last_failure_at: null, failing_since: null };

const LAST_SUCCESS = `coalesce(greatest(known.last_success_at, excluded.last_success_at), '-infinity')`;

/**
 * What a row knows of the failures after the last success of both: its
 * `failing_since` where that is later, else its last failure, for those between
 * are forgotten. So the result is always the time of a failure with no success
 * after it, and never earlier than the first such.
 */
const failingSince = (row: string) => `
    CASE WHEN ${row}.failing_since > ${LAST_SUCCESS} THEN ${row}.failing_since
         WHEN ${row}.last_failure_at > ${LAST_SUCCESS} THEN ${row}.last_failure_at END`;

/** greatest() and least() pass over nulls. $1: the rows as one JSON text. */
export const MERGE_ACTIVITY = `
  INSERT INTO webhook_activity AS known
    (webhook_id, tenant, last_attempt_at, last_success_at, last_failure_at, failing_since)
  SELECT webhook_id, tenant, to_timestamp(last_attempt_at / 1000.0), to_timestamp(last_success_at / 1000.0),
    to_timestamp(last_failure_at / 1000.0), to_timestamp(failing_since / 1000.0)
    FROM json_to_recordset($1::json) AS a(
      webhook_id text, tenant text, last_attempt_at bigint, last_success_at bigint, last_failure_at bigint,
      failing_since bigint)
  ON CONFLICT (webhook_id) DO UPDATE SET
    last_attempt_at = greatest(known.last_attempt_at, excluded.last_attempt_at),
    last_success_at = greatest(known.last_success_at, excluded.last_success_at),
    last_failure_at = greatest(known.last_failure_at, excluded.last_failure_at),
    failing_since = least(${failingSince('known')}, ${failingSince('excluded')})`;
