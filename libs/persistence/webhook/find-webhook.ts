import type { TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import { WebhookRow } from './webhook-row.js';

/** A tenant's webhook; null when the tenant has none with this id. */
export async function findWebhook(
  dataSource: DataSource,
  tenant: TenantId,
  id: WebhookId,
): Promise<WebhookRow | null> {
  return dataSource.manager.findOneBy(WebhookRow, { tenant, id });
}

/**
 * A webhook, whosever it is: for what its receivers may know, who have no
 * tenant. Everything else asks findWebhook.
 */
export async function findWebhookOfAnyTenant(
  dataSource: DataSource,
  id: WebhookId,
): Promise<WebhookRow | null> {
  return dataSource.manager.findOneBy(WebhookRow, { id });
}
