import type { Recovery, TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';

/**
 * Remembers that a webhook is in trouble, until it succeeds.
 * @param trouble.at milliseconds since 1970
 */
export async function noteTrouble(
  dataSource: DataSource,
  tenant: TenantId,
  webhook: WebhookId,
  trouble: { disabled: boolean; at: number },
): Promise<void> {
  const at = new Date(trouble.at);
  await dataSource.query(
    `INSERT INTO webhook_troubles AS known (webhook_id, tenant, disabled, since, last_at)
     VALUES ($1, $2, $3, $4, $4)
     ON CONFLICT (webhook_id) DO UPDATE SET
       disabled = known.disabled OR excluded.disabled,
       since = least(known.since, excluded.since),
       last_at = greatest(known.last_at, excluded.last_at)`,
    [webhook, tenant, trouble.disabled, at],
  );
}

/** Webhooks of all tenants that succeeded after their last trouble; at most so many. */
export async function recoveredWebhooks(dataSource: DataSource, limit: number): Promise<Recovery[]> {
  type Found = {
    tenant: string;
    webhook_id: string;
    disabled: boolean;
    since: Date;
    last_at: Date;
    last_success_at: Date;
  };
  const found = await dataSource.query<Found[]>(
    `SELECT t.tenant, t.webhook_id, t.disabled, t.since, t.last_at, a.last_success_at
       FROM webhook_troubles t
       JOIN webhooks w ON w.tenant = t.tenant AND w.id = t.webhook_id AND w.status <> 'disabled'
       JOIN webhook_activity a ON a.webhook_id = t.webhook_id AND a.tenant = t.tenant
      WHERE a.last_success_at > t.last_at AND (NOT t.disabled OR a.last_success_at > w.standing_since)
      ORDER BY t.last_at
      LIMIT $1`,
    [limit],
  );
  return found.map(({ tenant, webhook_id: webhook, disabled, since, last_at, last_success_at }) => ({
    ...{ tenant, webhook, from: disabled ? 'disabled' : 'circuit_opened' },
    ...{ since: since.getTime(), recovered_at: last_success_at.getTime() },
    last_trouble_at: last_at.getTime(),
  }));
}

/** Forgets a trouble that is over; one that came meanwhile stays. */
export async function forgetTrouble(
  dataSource: DataSource,
  tenant: TenantId,
  webhook: WebhookId,
  lastTroubleAt: number,
): Promise<void> {
  await dataSource.query(
    `DELETE FROM webhook_troubles WHERE tenant = $1 AND webhook_id = $2 AND last_at = $3`,
    [tenant, webhook, new Date(lastTroubleAt)],
  );
}

/** Forgets the troubles of webhooks that were deleted. */
export async function forgetTroublesOfDeleted(dataSource: DataSource): Promise<void> {
  await dataSource.query(`
    DELETE FROM webhook_troubles t
     WHERE NOT EXISTS (SELECT FROM webhooks w WHERE w.tenant = t.tenant AND w.id = t.webhook_id)`);
}
