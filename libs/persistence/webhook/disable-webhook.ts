import { decideWebhook, TIDINGS, type DisabledReason, type TenantId, type WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import { changeWebhook } from './change-webhook.js';

/**
 * Switches a webhook off by itself, for what was seen of it; nothing happens
 * where that says nothing (any more), see DisableWebhook.
 * @param seen.observed_at when it was seen, milliseconds since 1970
 * @returns whether it was switched off now
 * @throws what the driver says
 */
export async function disableWebhook(
  dataSource: DataSource,
  tenant: TenantId,
  webhook: WebhookId,
  seen: { reason: DisabledReason; observed_at: number },
): Promise<boolean> {
  const { seq } = await changeWebhook(dataSource, tenant, webhook, (state) =>
    decideWebhook(state, { kind: 'disable', tenant, webhook, actor: TIDINGS, at: Date.now(), ...seen }),
  );
  return seq !== null;
}
