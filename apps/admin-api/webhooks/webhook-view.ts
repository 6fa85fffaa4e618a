import type { WebhookRow } from '#persistence';
import type { WebhookView } from './webhook-schemas.js';

/** What the API shows of a webhook. No secret is among it. */
export function webhookViewOf(row: WebhookRow): WebhookView {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    event_types: row.event_types,
    status: row.status,
    disabled_reason: row.disabled_reason,
    timeout_seconds: row.timeout_seconds,
    retry: row.retry,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
