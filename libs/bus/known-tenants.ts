import { DEFAULT_TENANT, type TenantId } from '#domain';
import type { TenantBucket } from './buckets/buckets.js';

/**
 * - `known`: it exists
 * - `unknown`: it does not
 * - `untold`: nobody can say yet, for the bucket has not been filled
 */
export type TenantStanding = 'known' | 'unknown' | 'untold';

/** Which tenants there are, in memory, as the bucket has them. */
export class KnownTenants {
  private readonly known = new Set<TenantId>();

  private constructor(private readonly bucket: TenantBucket) {}

  /** Resolves when all that the bucket holds is known. The watching ends with the bus. */
  static async watch(bucket: TenantBucket): Promise<KnownTenants> {
    const tenants = new KnownTenants(bucket);
    await bucket.watch({
      changed: ({ id }) => tenants.known.add(id),
      removed: (id) => tenants.known.delete(id),
    });
    return tenants;
  }

  /**
   * How it stands with a tenant, at once for one that is known. One that is
   * not is asked for, for its event may come sooner than its news. The tenant
   * `default` always exists and is the last that the relay writes when it fills
   * the buckets: where it is missing, nothing follows from what else is.
   * @throws when NATS cannot be asked
   */
  standing(tenant: TenantId): TenantStanding | Promise<TenantStanding> {
    return this.known.has(tenant) ? 'known' : this.ask(tenant);
  }

  private async ask(tenant: TenantId): Promise<TenantStanding> {
    const filled = (await this.bucket.get(DEFAULT_TENANT)) !== undefined;
    // After that, so that a bucket that is filled in between does not lack what it holds.
    const found = await this.bucket.get(tenant);
    if (found) this.known.add(tenant);
    return found ? 'known' : filled ? 'unknown' : 'untold';
  }
}
