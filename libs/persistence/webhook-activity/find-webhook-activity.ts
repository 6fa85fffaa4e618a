import type { TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import { WebhookActivityRow } from './webhook-activity-row.js';

/** What was lately seen of a tenant's webhook; null when it was never attempted. */
export async function findWebhookActivity(
  dataSource: DataSource,
  tenant: TenantId,
  webhook: WebhookId,
): Promise<WebhookActivityRow | null> {
  return dataSource.manager.findOneBy(WebhookActivityRow, { tenant, webhook_id: webhook });
}
