import type { TenantId } from '../ids.js';

/**
 * What the data plane knows of a tenant: the value under `<tenant>` in the KV
 * bucket `tenants`. A tenant that is not there does not exist.
 */
export interface RoutedTenant {
  id: TenantId;
  /** The ledger's version of the tenant. */
  version: number;
  /** Events of unknown types, or that do not fit their type's schema, are refused. */
  strict_event_types: boolean;
  /** Deliveries of each of its webhooks in an hour at most; null for any number. */
  max_deliveries_per_hour_per_webhook: number | null;
}

/** What earlier versions of Tidings did not tell is as it was then. */
const BEFORE = { max_deliveries_per_hour_per_webhook: null } satisfies Partial<RoutedTenant>;

/** A value of the bucket, whichever version of Tidings wrote it. */
export function readRoutedTenant(value: Omit<RoutedTenant, keyof typeof BEFORE>): RoutedTenant {
  return { ...BEFORE, ...value };
}
