import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { TenantId, WebhookId } from '../ids.js';
import type { RequestHeaders, SecretPath, WebhookAuth } from './credentials.js';
import type { Ownership } from './ownership.js';
import type { PayloadFormat } from './payload-format.js';

/**
 * - `active`: gets its events
 * - `inactive`: paused by a person; what it is owed is held until it is active again
 * - `disabled`: switched off by Tidings; gets nothing, and what it was owed is cancelled
 */
export type WebhookStatus = 'active' | 'inactive' | 'disabled';

export const WEBHOOK_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'GET'] as const;
export type WebhookMethod = (typeof WEBHOOK_METHODS)[number];

/** Attempts at most in any such period. */
export interface RateLimit {
  limit: number;
  period_seconds: number;
}

export const DEFAULT_CONCURRENCY = 16;

/** A condition on events, as #payload compiles it. */
export type EventFilter = Readonly<Record<string, unknown>>;

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
  method: WebhookMethod;
  event_types: string[];
  filter: EventFilter | null;
  headers: RequestHeaders;
  auth: WebhookAuth;
  /** What `headers` and `auth` refer to, sealed. */
  credentials: Partial<Record<SecretPath, string>>;
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
  /** Whether its receiver must agree first, and to what it did; null where nobody asks. */
  ownership: Ownership | null;
  /** Signing secrets, sealed (see #signing). All of them sign, the newest first. */
  secrets: string[];
  /** Earlier ones, which sign too until their time, milliseconds since 1970. */
  retiring_secrets: { sealed: string; until: number }[];
}

const BEFORE = {
  method: 'POST',
  filter: null,
  headers: {},
  auth: { type: 'none' },
  credentials: {},
  format: 'standard',
  transform: null,
  rate_limit: null,
  concurrency: DEFAULT_CONCURRENCY,
  ordered: false,
  ownership: null,
  retiring_secrets: [],
} satisfies Partial<RoutedWebhook>;

/**
 * A value of the bucket, whichever version of Tidings wrote it: what that one
 * did not know is as it was then. The keys keep their order.
 */
export function readRoutedWebhook(value: Omit<RoutedWebhook, keyof typeof BEFORE>): RoutedWebhook {
  return { ...value, ...pick(BEFORE, (key) => !(key in value)) } as RoutedWebhook;
}

function pick<Value extends object>(from: Value, wanted: (key: string) => boolean): Partial<Value> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => wanted(key))) as Partial<Value>;
}
