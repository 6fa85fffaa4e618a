import type { RoutedTenant } from '#domain';
import type { TenantRow } from './tenant-row.js';

/** What the data plane is told of a tenant. */
export function routedTenantOf(row: TenantRow): RoutedTenant {
  const { id, version, strict_event_types, max_deliveries_per_hour_per_webhook } = row;
  return { id, version, strict_event_types, max_deliveries_per_hour_per_webhook };
}
