import type { EventTypeRow } from '../event-type/event-type-row.js';
import type { TenantRow } from '../tenant/tenant-row.js';
import type { WebhookRow } from '../webhook/webhook-row.js';

/** Where the current state of an aggregate stands that the relay tells of. */
export interface RelayedTable<Row> {
  table: string;
  /** The column that holds the tenant, as the ledger's `tenant` does. */
  tenant: keyof Row & string;
  /** The column that holds what the ledger calls `aggregate_id`. */
  id: keyof Row & string;
}

export const WEBHOOKS_TABLE: RelayedTable<WebhookRow> = { table: 'webhooks', tenant: 'tenant', id: 'id' };

/** A tenant's ledger is its own: both columns are its id. */
export const TENANTS_TABLE: RelayedTable<TenantRow> = { table: 'tenants', tenant: 'id', id: 'id' };

export const EVENT_TYPES_TABLE: RelayedTable<EventTypeRow> = {
  table: 'event_types',
  tenant: 'tenant',
  id: 'name',
};
