import type { TenantId, WebhookId } from '#domain';
import { findWebhook, type DataSource, type WebhookRow } from '#persistence';
import { Problem } from '../problems/problem.js';

/**
 * The webhook, if anything may be sent to it now or once it is resumed.
 * @throws Problem 409 when it is deleted or disabled
 */
export async function sendableWebhook(
  database: DataSource,
  tenant: TenantId,
  id: WebhookId,
): Promise<WebhookRow> {
  const webhook = await findWebhook(database, tenant, id);
  if (!webhook)
    throw new Problem('webhook_gone', { detail: `The webhook ${id} is deleted; nothing is sent to it.` });
  return refusedIfDisabled(webhook);
}

/** @throws Problem 409 when it is disabled */
export function refusedIfDisabled(webhook: WebhookRow): WebhookRow {
  if (webhook.status !== 'disabled') return webhook;
  const { id, disabled_reason } = webhook;
  throw new Problem('webhook_disabled', {
    detail: `The webhook ${id} is disabled (${disabled_reason ?? 'no reason is known'}). Resume it first.`,
    evidence: { disabled_reason },
  });
}
