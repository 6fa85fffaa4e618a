import type { TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';

export interface AttemptRates {
  attempts: number;
  /** Of those. */
  failed: number;
  /** Whether all of the webhook's deliveries of that time were looked at. */
  complete: boolean;
}

/** A delivery is given up long before it is older; what is older is in no partition that is read. */
const OLDEST_DAYS = 7;
/** So many of the newest deliveries are looked at: a busy webhook's page must not read its whole hour. */
export const DELIVERIES_READ = 1_000;

/**
 * What came of a webhook's attempts since a time, apart from those of tests and
 * those that sent nothing because its transform wanted it so; of its newest
 * deliveries, so that it costs the same however busy the webhook is.
 */
export async function attemptRates(
  dataSource: DataSource,
  tenant: TenantId,
  webhook: WebhookId,
  since: Date,
): Promise<AttemptRates> {
  const [row] = await dataSource.query<AttemptRates[]>(
    `WITH newest AS MATERIALIZED (
       SELECT id, created_at FROM deliveries
        WHERE tenant = $1 AND webhook_id = $2 AND created_at > $3::timestamptz - make_interval(days => ${OLDEST_DAYS})
        ORDER BY id DESC LIMIT ${DELIVERIES_READ})
     SELECT count(*) AS attempts, count(a.error_kind) AS failed,
            (SELECT count(*) < ${DELIVERIES_READ} OR min(created_at) < $3 FROM newest) AS complete
       FROM newest n
       JOIN attempts a ON a.delivery_id = n.id AND a.created_at = n.created_at
      WHERE a.started_at >= $3 AND a.trigger <> 'test' AND (a.response_status IS NOT NULL OR a.error_kind IS NOT NULL)`,
    [tenant, webhook, since],
  );
  return row ?? { attempts: 0, failed: 0, complete: true };
}
