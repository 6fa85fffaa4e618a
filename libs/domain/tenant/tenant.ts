import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { TenantId } from '../ids.js';
import type { OwnershipCheck } from '../webhook/ownership.js';

/** There from the first start, and for ever. */
export const DEFAULT_TENANT: TenantId = 'default';

/** What operators decide about a tenant. */
export interface TenantDefinition {
  /** For people. */
  name: string;
  /** Webhooks at most; null for any number. */
  max_webhooks: number | null;
  /** Deliveries of each webhook in an hour at most; null for any number. */
  max_deliveries_per_hour_per_webhook: number | null;
  /** For how long the record of its events is kept; null for DEFAULT_RETENTION_DAYS. */
  retention_days: number | null;
  auto_disable: AutoDisable | null;
  /** Events of unknown types, or that do not fit their type's schema, are refused. */
  strict_event_types: boolean;
  /** How receivers are asked before the first event goes to a URL that is saved from now on; null for not at all. */
  ownership_check: OwnershipCheck | null;
  /** E-mail addresses of who is told when its webhooks are in trouble. */
  contacts: string[];
  /** For webhooks that are created without one. */
  timeout_seconds: number;
  /** For webhooks that are created without one. */
  retry: RetryPolicy;
}

/** When Tidings switches a webhook off by itself; null: not for this. */
export interface AutoDisable {
  /** Nothing but failures for so long. */
  failing_for_hours: number | null;
  /** No event for so long. */
  idle_days: number | null;
}

/** What is so unless an operator says otherwise, and was so before these fields were there. */
export const PLAIN_TENANT = {
  max_webhooks: null,
  max_deliveries_per_hour_per_webhook: null,
  retention_days: null,
  auto_disable: null,
  strict_event_types: false,
  ownership_check: null,
  contacts: [] as string[],
} satisfies Partial<TenantDefinition>;

export type TenantState = NoTenant | LiveTenant | DeletedTenant;

export interface NoTenant {
  kind: 'none';
  version: 0;
}

export interface LiveTenant extends TenantDefinition {
  kind: 'live';
  id: TenantId;
  /** Events in its ledger so far; the ETag. */
  version: number;
  /** Milliseconds since 1970. */
  created_at: number;
  updated_at: number;
}

/** Its id is never given again: the record of its events stays under it. */
export interface DeletedTenant {
  kind: 'deleted';
  id: TenantId;
  version: number;
}

export const NO_TENANT: NoTenant = { kind: 'none', version: 0 };
