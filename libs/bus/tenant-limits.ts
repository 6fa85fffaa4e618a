import { readRoutedTenant, type TenantId } from '#domain';
import type { TenantBucket } from './buckets/buckets.js';

/** How many deliveries tenants grant each of their webhooks, in memory, as the bucket has it. */
export class TenantLimits {
  private constructor(private readonly limits: ReadonlyMap<TenantId, number>) {}

  /** Resolves when all that the bucket holds is known. The watching ends with the bus. */
  static async watch(bucket: Pick<TenantBucket, 'watch'>): Promise<TenantLimits> {
    const limits = new Map<TenantId, number>();
    await bucket.watch({
      changed: (value) => {
        const { id, max_deliveries_per_hour_per_webhook: limit } = readRoutedTenant(value);
        if (limit === null) limits.delete(id);
        else limits.set(id, limit);
      },
      removed: (id) => limits.delete(id),
    });
    return new TenantLimits(limits);
  }

  /** Deliveries of each of the tenant's webhooks in an hour at most; null for any number, and for a tenant that is not known. */
  of(tenant: TenantId): number | null {
    return this.limits.get(tenant) ?? null;
  }
}
