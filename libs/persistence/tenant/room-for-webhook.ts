import { WebhookLimitReached, type TenantId } from '#domain';
import type { EntityManager } from 'typeorm';
import { WebhookRow } from '../webhook/webhook-row.js';
import { holdTenant } from './hold-tenant.js';

/**
 * Makes sure, within the transaction that creates a webhook, that its tenant
 * stays until the end of it and has room for one more. Creators in a tenant
 * with a limit take turns, for else two would count the same webhooks; in one
 * without, they only keep the tenant from being deleted.
 * @throws TenantNotFound, WebhookLimitReached
 */
export async function takeRoomForWebhook(manager: EntityManager, tenant: TenantId): Promise<void> {
  if ((await holdTenant(manager, tenant)).max_webhooks === null) return;
  // A key share lock stands in nobody's way here, so taking the stronger one after it cannot deadlock.
  const { max_webhooks: limit } = await holdTenant(manager, tenant, 'for_no_key_update');
  if (limit === null) return;
  const count = await manager.countBy(WebhookRow, { tenant });
  if (count >= limit) throw new WebhookLimitReached(limit, count);
}
