import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { TenantId, WebhookId } from '../ids.js';

/**
 * - `active`: gets its events
 * - `inactive`: paused by a person; what it is owed is held until it is active again
 * - `disabled`: switched off by Tidings; gets nothing, and what it was owed is cancelled
 */
export type WebhookStatus = 'active' | 'inactive' | 'disabled';

/**
 * What the data plane knows of a webhook: the value under `<tenant>.<webhook>`
 * in the KV bucket `webhooks`, written by the relay, read by routing and dispatch.
 */
export interface RoutedWebhook {
  id: WebhookId;
  tenant: TenantId;
  /** The ledger's version of the webhook; a lower one never replaces a higher one. */
  version: number;
  status: WebhookStatus;
  url: string;
  event_types: string[];
  timeout_seconds: number;
  retry: RetryPolicy;
  /** Signing secrets, sealed (see #signing). All of them sign, the newest first. */
  secrets: string[];
}
