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
}
