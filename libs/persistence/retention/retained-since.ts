import { keptSince, retentionDays, retentionsOf, type Retentions, type TenantId } from '#domain';
import type { DataSource } from 'typeorm';

/**
 * The time before which a tenant's record is not shown any more, whether or
 * not its rows are gone yet: the beginning of a UTC day. Costs a look-up by
 * primary key, and as a bound on time it spares partitions.
 * @param now milliseconds since 1970
 */
export async function retainedSince(
  dataSource: DataSource,
  tenant: TenantId,
  now = Date.now(),
): Promise<Date> {
  return new Date(keptSince(await retentionOf(dataSource, tenant), now));
}

/** For how many days a tenant's record is kept. */
export async function retentionOf(dataSource: DataSource, tenant: TenantId): Promise<number> {
  const [row] = await dataSource.query<{ retention_days: number | null }[]>(
    'SELECT retention_days FROM tenants WHERE id = $1',
    [tenant],
  );
  return retentionDays(row?.retention_days ?? null);
}

/** For how many days each tenant's record is kept. */
export async function allRetentions(dataSource: DataSource): Promise<Retentions> {
  return retentionsOf(
    await dataSource.query<{ id: string; retention_days: number | null }[]>(
      'SELECT id, retention_days FROM tenants',
    ),
  );
}
