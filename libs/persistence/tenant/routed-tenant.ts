import type { RoutedTenant } from '#domain';
import type { TenantRow } from './tenant-row.js';

/** What the data plane is told of a tenant. */
export function routedTenantOf({ id, version, strict_event_types }: TenantRow): RoutedTenant {
  return { id, version, strict_event_types };
}
