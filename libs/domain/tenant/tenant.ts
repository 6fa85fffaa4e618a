import type { RetryPolicy } from '../delivery/retry-policy.js';
import type { TenantId } from '../ids.js';

/** There from the first start, and for ever. */
export const DEFAULT_TENANT: TenantId = 'default';

/** What operators decide about a tenant. */
export interface TenantDefinition {
  /** For people. */
  name: string;
  /** Webhooks at most; null for any number. */
  max_webhooks: number | null;
  /** Events of unknown types, or that do not fit their type's schema, are refused. */
  strict_event_types: boolean;
  /** For webhooks that are created without one. */
  timeout_seconds: number;
  /** For webhooks that are created without one. */
  retry: RetryPolicy;
}

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
