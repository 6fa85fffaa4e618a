import type { TenantBucket } from '#bus';
import type { TenantId } from '#domain';
import { DataSource, findTenant } from '#persistence';

/**
 * Which tenants exist, without asking for each request: what the KV bucket
 * tells is in memory. A tenant that is not known here may be new, so
 * PostgreSQL is asked before it is refused.
 */
export class TenantDirectory {
  private readonly known = new Set<TenantId>();
  private stopWatching = () => {};

  constructor(
    private readonly bucket: TenantBucket,
    private readonly database: DataSource,
  ) {}

  /** Resolves when all there is has been read. */
  async watch(): Promise<void> {
    this.stopWatching = await this.bucket.watch({
      changed: ({ id }) => this.known.add(id),
      removed: (id) => this.known.delete(id),
    });
  }

  close(): void {
    this.stopWatching();
  }

  async has(tenant: TenantId): Promise<boolean> {
    return this.known.has(tenant) || (await findTenant(this.database, tenant)) !== null;
  }
}
