import type { TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import type { Counts } from './counts.js';

/** What is counted of a tenant: all, or what is about a webhook, an event type, or both. */
export interface TallyScope {
  webhook_id?: WebhookId | undefined;
  event_type?: string | undefined;
}

/** Times in milliseconds since 1970. */
export interface TallySpan {
  /** A whole hour; a whole minute where minutes are read. */
  since: number;
  /** From this whole hour on hours are read, before it minutes; of event types there are hours alone. */
  hoursFrom: number;
  /** Hours and minutes that begin before it are read. */
  until: number;
}

/** What was counted from a time on, for a minute or an hour. */
export interface CountedTime {
  at: number;
  counts: Counts;
}

/** The parameters of a scope, as the tables have it. */
const texts = ({ webhook_id = '', event_type = '' }: TallyScope) => [webhook_id, event_type];

/** What was counted in a span; times without anything are left out. In no order. */
export function readTallies(
  database: DataSource,
  tenant: TenantId,
  scope: TallyScope,
  { since, hoursFrom, until }: TallySpan,
): Promise<CountedTime[]> {
  return database.query<CountedTime[]>(
    `SELECT (extract(epoch FROM starts_at) * 1000)::float AS at, counts FROM minute_tallies
      WHERE tenant = $1 AND webhook_id = $2 AND $3 = '' AND starts_at >= $4 AND starts_at < least($5::timestamptz, $6::timestamptz)
      UNION ALL
     SELECT (extract(epoch FROM starts_at) * 1000)::float, counts FROM tallies
      WHERE tenant = $1 AND webhook_id = $2 AND event_type = $3 AND starts_at >= $5 AND starts_at < $6`,
    [tenant, ...texts(scope), new Date(since), new Date(hoursFrom), new Date(until)],
  );
}

export interface FailingWebhook {
  webhook_id: WebhookId;
  /** Null when it was deleted. */
  name: string | null;
  /** Deliveries. */
  failed: number;
  succeeded: number;
}

/** The webhooks with the most deliveries that were created in a span and failed, those with most first. */
export function topFailing(
  database: DataSource,
  tenant: TenantId,
  scope: TallyScope,
  { since, hoursFrom, until }: TallySpan,
  limit: number,
): Promise<FailingWebhook[]> {
  // Those that fail are found through an index that holds them alone; then their hours are read by key.
  const failures = `webhook_id <> '' AND failed > 0 AND ($2 = '' OR webhook_id = $2)`;
  return database.query<FailingWebhook[]>(
    `WITH most AS (
       SELECT webhook_id, sum(failed) AS failed
         FROM (SELECT webhook_id, failed FROM minute_tallies
                WHERE tenant = $1 AND ${failures} AND $3 = '' AND starts_at >= $4 AND starts_at < least($5::timestamptz, $6::timestamptz)
                UNION ALL
               SELECT webhook_id, failed FROM tallies
                WHERE tenant = $1 AND ${failures} AND event_type = $3 AND starts_at >= $5 AND starts_at < $6) AS times
        GROUP BY webhook_id ORDER BY failed DESC, webhook_id LIMIT $7)
     SELECT webhook_id, w.name, most.failed::float AS failed, coalesce(succeeded, 0)::float AS succeeded
       FROM most
      CROSS JOIN LATERAL (
            SELECT sum(succeeded) AS succeeded
              FROM (SELECT succeeded FROM minute_tallies
                     WHERE tenant = $1 AND webhook_id = most.webhook_id AND $3 = ''
                       AND starts_at >= $4 AND starts_at < least($5::timestamptz, $6::timestamptz)
                     UNION ALL
                    SELECT succeeded FROM tallies
                     WHERE tenant = $1 AND webhook_id = most.webhook_id AND event_type = $3
                       AND starts_at >= $5 AND starts_at < $6) AS times) AS went
       LEFT JOIN webhooks w ON w.tenant = $1 AND w.id = most.webhook_id
      ORDER BY most.failed DESC, webhook_id`,
    [tenant, ...texts(scope), new Date(since), new Date(hoursFrom), new Date(until), limit],
  );
}

/** How many deliveries wait for another attempt now, whenever they were created. */
export async function retryQueue(database: DataSource, tenant: TenantId, scope: TallyScope): Promise<number> {
  const [row] = await database.query<{ retrying: number }[]>(
    `SELECT coalesce(sum(retrying), 0)::float AS retrying FROM tallies
      WHERE tenant = $1 AND webhook_id = $2 AND event_type = $3 AND retrying > 0`,
    [tenant, ...texts(scope)],
  );
  return row?.retrying ?? 0;
}

/** When the last attempt on record was begun; null when there is none. */
export async function lastAttemptAt(
  database: DataSource,
  tenant: TenantId,
  scope: TallyScope,
): Promise<Date | null> {
  const [row] = await database.query<{ last_attempt_at: Date }[]>(
    `SELECT last_attempt_at FROM tallies
      WHERE tenant = $1 AND webhook_id = $2 AND event_type = $3 AND last_attempt_at IS NOT NULL
      ORDER BY starts_at DESC LIMIT 1`,
    [tenant, ...texts(scope)],
  );
  return row?.last_attempt_at ?? null;
}
