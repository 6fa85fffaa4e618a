import type { TenantRow } from '#persistence';
import type { TenantView } from './tenant-schemas.js';

/** What the API shows of a tenant. */
export function tenantViewOf(row: TenantRow): TenantView {
  return {
    id: row.id,
    name: row.name,
    max_webhooks: row.max_webhooks,
    max_deliveries_per_hour_per_webhook: row.max_deliveries_per_hour_per_webhook,
    retention_days: row.retention_days,
    auto_disable: row.auto_disable,
    strict_event_types: row.strict_event_types,
    ownership_check: row.ownership_check,
    contacts: row.contacts,
    timeout_seconds: row.timeout_seconds,
    retry: row.retry,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}
