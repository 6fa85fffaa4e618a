import type { TenantRow } from '#persistence';
import type { TenantView } from './tenant-schemas.js';

/** What the API shows of a tenant; the limits that nothing enforces yet are null for every one. */
export function tenantViewOf(row: TenantRow): TenantView {
  return {
    id: row.id,
    name: row.name,
    max_webhooks: row.max_webhooks,
    max_deliveries_per_hour_per_webhook: null,
    retention_days: null,
    auto_disable: null,
    strict_event_types: row.strict_event_types,
    timeout_seconds: row.timeout_seconds,
    retry: row.retry,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
