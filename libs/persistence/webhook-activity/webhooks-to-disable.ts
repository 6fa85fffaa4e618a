import type { DisabledReason, TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';

/** A webhook that its tenant bears no longer. */
export interface WebhookToDisable {
  tenant: TenantId;
  webhook: WebhookId;
  reason: Extract<DisabledReason, 'failing' | 'idle'>;
  /** Since when it has been so, milliseconds since 1970. */
  since: number;
}

/**
 * Failing: attempts fail from the one end of that time to the other. Time in
 * which nothing was tried is not held against a webhook, nor what was before a
 * person changed its URL or resumed it.
 */
const FAILING = `
  SELECT w.tenant, w.id, 'failing' AS reason, greatest(a.failing_since, w.standing_since) AS since
    FROM tenants t
    JOIN webhooks w ON w.tenant = t.id AND w.status = 'active'
    JOIN webhook_activity a ON a.webhook_id = w.id AND a.tenant = w.tenant
   WHERE t.auto_disable->>'failing_for_hours' IS NOT NULL
     AND a.failing_since IS NOT NULL
     AND a.last_failure_at - greatest(a.failing_since, w.standing_since)
         >= make_interval(hours => (t.auto_disable->>'failing_for_hours')::integer)
   LIMIT $1`;

/** Idle: neither an attempt nor a delivery, counted from its creation, activation or last attempt. */
const IDLE = `
  SELECT w.tenant, w.id, 'idle' AS reason, greatest(w.created_at, w.standing_since, a.last_attempt_at) AS since
    FROM tenants t
   CROSS JOIN LATERAL (
         SELECT $2::timestamptz - make_interval(days => (t.auto_disable->>'idle_days')::integer) AS before) cut
    JOIN webhooks w ON w.tenant = t.id AND w.status = 'active'
    LEFT JOIN webhook_activity a ON a.webhook_id = w.id AND a.tenant = w.tenant
   WHERE t.auto_disable->>'idle_days' IS NOT NULL
     AND greatest(w.created_at, w.standing_since, a.last_attempt_at) <= cut.before
     AND NOT EXISTS (
         SELECT FROM deliveries d
          WHERE d.tenant = w.tenant AND d.webhook_id = w.id AND d.created_at > cut.before)
   LIMIT $1`;

/**
 * The webhooks of all tenants that are to be disabled, by what each tenant says in `auto_disable`.
 * @param asOf up to when the record is complete, milliseconds since 1970
 * @param limit for each reason
 */
export async function webhooksToDisable(
  dataSource: DataSource,
  asOf: number,
  limit: number,
): Promise<WebhookToDisable[]> {
  type Found = { tenant: string; id: string; reason: WebhookToDisable['reason']; since: Date };
  const failing = await dataSource.query<Found[]>(FAILING, [limit]);
  const idle = await dataSource.query<Found[]>(IDLE, [limit, new Date(asOf)]);
  return [...failing, ...idle].map(({ tenant, id, reason, since }) => ({
    tenant,
    webhook: id,
    reason,
    since: since.getTime(),
  }));
}

/** Forgets the activity of webhooks that were deleted; facts may be told of one for a while after its end. */
export async function forgetActivityOfDeleted(dataSource: DataSource): Promise<void> {
  await dataSource.query(`
    DELETE FROM webhook_activity a
     WHERE a.last_attempt_at < now() - interval '1 day'
       AND NOT EXISTS (SELECT FROM webhooks w WHERE w.tenant = a.tenant AND w.id = a.webhook_id)`);
}
