import type { TenantId } from '#domain';
import type { EntityManager } from 'typeorm';

/**
 * What a tenant's end ends, and what the ledger says of each. One statement a
 * table, for a tenant may have a hundred thousand webhooks: none of these
 * decisions depends on more than that the thing was there. A key is revoked
 * first, so that its ledger ends like that of any other.
 */
const ENDS = [
  { table: 'webhooks', aggregate: 'webhook', id: 'id', type: 'webhook.deleted', still: 'true' },
  { table: 'event_types', aggregate: 'event_type', id: 'name', type: 'event_type.deleted', still: 'true' },
  { table: 'keys', aggregate: 'key', id: 'id', type: 'key.revoked', still: 'revoked_at IS NULL' },
];

/** Ends all that a tenant has, within the transaction that ends the tenant. Its row is locked already. */
export async function endAllOfTenant(
  manager: EntityManager,
  tenant: TenantId,
  actor: string,
  at: Date,
): Promise<void> {
  for (const { table, aggregate, id, type, still } of ENDS) {
    await manager.query(
      `WITH ended AS (DELETE FROM ${table} WHERE tenant = $1 RETURNING *)
       INSERT INTO ledger (tenant, aggregate_type, aggregate_id, version, type, data, actor, at)
       SELECT tenant, $2::text, ${id}, version + 1, $3::text, '{}'::jsonb, $4::text, $5::timestamptz FROM ended WHERE ${still}`,
      [tenant, aggregate, type, actor, at],
    );
  }
}
