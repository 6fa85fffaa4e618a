import { NO_WEBHOOK, type LiveWebhook, type RoutedWebhook, type WebhookState } from '#domain';
import type { WebhookRow } from './webhook-row.js';

/** The state that a row stands for. Without a row there is no webhook (any more). */
export function stateOf(row: WebhookRow | null): WebhookState {
  if (!row) return NO_WEBHOOK;
  const { secrets: _secrets, created_at, updated_at, ...fields } = row;
  return { kind: 'live', ...fields, created_at: created_at.getTime(), updated_at: updated_at.getTime() };
}

/** The row of a webhook, its sealed secrets beside it. */
export function rowOf(state: LiveWebhook, secrets: string[]): WebhookRow {
  const { kind: _kind, created_at, updated_at, ...fields } = state;
  return { ...fields, secrets, created_at: new Date(created_at), updated_at: new Date(updated_at) };
}

/** What the data plane is told of a webhook. */
export function routedWebhookOf(row: WebhookRow): RoutedWebhook {
  const { id, tenant, version, status, url, event_types, timeout_seconds, retry, secrets } = row;
  return { id, tenant, version, status, url, event_types, timeout_seconds, retry, secrets };
}
