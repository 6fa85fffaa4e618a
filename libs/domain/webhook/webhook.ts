import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { TenantId, WebhookId } from '../ids.js';
import type { WebhookRefused } from '../journal/facts.js';
import type { RequestHeaders, WebhookAuth } from './credentials.js';
import type { Ownership } from './ownership.js';
import type { PayloadFormat } from './payload-format.js';
import {
  DEFAULT_CONCURRENCY,
  type EventFilter,
  type RateLimit,
  type WebhookMethod,
  type WebhookStatus,
} from './routed-webhook.js';

/** What people decide about a webhook. */
export interface WebhookDefinition {
  /** Unique in the tenant. */
  name: string;
  description: string;
  /** No two the same. */
  tags: string[];
  /** What people keep with a webhook for themselves. */
  metadata: Record<string, string>;
  url: string;
  method: WebhookMethod;
  /** Patterns, see isEventTypePattern. */
  event_types: string[];
  filter: EventFilter | null;
  /** `disabled` is Tidings' own word; people say `active` or `inactive`. */
  status: Exclude<WebhookStatus, 'disabled'>;
  headers: RequestHeaders;
  auth: WebhookAuth;
  /** One deadline for the whole attempt. */
  timeout_seconds: number;
  retry: RetryPolicy;
  format: PayloadFormat;
  /** JavaScript; null for none. */
  transform: string | null;
  rate_limit: RateLimit | null;
  /** Attempts at once. */
  concurrency: number;
  /** Whether events are delivered strictly in their order. */
  ordered: boolean;
}

/** What is so unless someone says otherwise, and was so before these fields were there. */
export const PLAIN_WEBHOOK = {
  description: '',
  tags: [],
  metadata: {},
  method: 'POST',
  filter: null,
  headers: {},
  auth: { type: 'none' },
  format: 'standard',
  transform: null,
  rate_limit: null,
  concurrency: DEFAULT_CONCURRENCY,
  ordered: false,
} satisfies Partial<WebhookDefinition>;

/**
 * Why Tidings switches a webhook off:
 * - `receiver_gone`: its receiver answered 410
 * - `receiver_asked`: its receiver answered with the header `webhook-delivery: disable`
 * - `failing`: nothing but failures for as long as the tenant bears (`auto_disable.failing_for_hours`)
 * - `transform_failing`: its transform failed 20 times in a row
 * - `idle`: no event for as long as the tenant waits (`auto_disable.idle_days`)
 */
export type DisabledReason = WebhookRefused['reason'] | 'failing' | 'idle';

/** Who decides what Tidings decides by itself. */
export const TIDINGS = 'tidings';

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
  /** Whether its receiver must agree first, and to what it did; null where nobody asks. */
  ownership: Ownership | null;
  /**
   * Since when its status and its URL are what they are, milliseconds since
   * 1970. What was seen of it before says nothing of it now.
   */
  standing_since: number;
  /** Which signing secret it has: 1 is the first, each rotation gives the next. */
  secret_number: number;
  /** Earlier signing secrets that sign too until their time, newest first; one whose time is over may be among them. */
  retiring: RetiringSecret[];
  /** Milliseconds since 1970. */
  created_at: number;
  updated_at: number;
}

export interface RetiringSecret {
  number: number;
  /** Milliseconds since 1970. */
  until: number;
}

export interface DeletedWebhook {
  kind: 'deleted';
  id: WebhookId;
  tenant: TenantId;
  version: number;
}

export const NO_WEBHOOK: NoWebhook = { kind: 'none', version: 0 };
