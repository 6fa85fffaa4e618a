import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { TenantId, WebhookId } from '../ids.js';
import type { WebhookStatus } from './routed-webhook.js';

/** What people decide about a webhook. */
export interface WebhookDefinition {
  /** Unique in the tenant. */
  name: string;
  url: string;
  /** Patterns, see isEventTypePattern. */
  event_types: string[];
  /** `disabled` is Tidings' own word; people say `active` or `inactive`. */
  status: Exclude<WebhookStatus, 'disabled'>;
  /** One deadline for the whole attempt. */
  timeout_seconds: number;
  retry: RetryPolicy;
}

export type WebhookState = NoWebhook | LiveWebhook | DeletedWebhook;

export interface NoWebhook {
  kind: 'none';
  version: 0;
}

export interface LiveWebhook extends Omit<WebhookDefinition, 'status'> {
  kind: 'live';
  id: WebhookId;
  tenant: TenantId;
  /** Events in its ledger so far; the ETag. */
  version: number;
  status: WebhookStatus;
  /** Why Tidings switched it off, while `status` is `disabled`. */
  disabled_reason: string | null;
  /** Milliseconds since 1970. */
  created_at: number;
  updated_at: number;
}

export interface DeletedWebhook {
  kind: 'deleted';
  id: WebhookId;
  tenant: TenantId;
  version: number;
}

export const NO_WEBHOOK: NoWebhook = { kind: 'none', version: 0 };
