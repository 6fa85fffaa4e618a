import type { BreakerSnapshot, TenantId, WebhookId } from '#domain';
import { Bucket, type BucketPlan } from './buckets/bucket.js';
import type { Wires } from './connection.js';

/** A breaker that is open. */
export interface OpenBreaker {
  tenant: TenantId;
  snapshot: BreakerSnapshot;
}

interface Kept extends OpenBreaker {
  webhook: WebhookId;
  /** When it was told, milliseconds since 1970; what a former home tells late does not count. */
  version: number;
}

const DAY_MS = 86_400_000;

const BREAKERS: BucketPlan<[WebhookId], Kept> = {
  name: 'breakers',
  keyParts: 1,
  keyOf: ({ webhook }) => [webhook],
  // An open one is told anew with each probe; what is left of deleted webhooks goes by itself.
  keptMs: 2 * DAY_MS,
};

/**
 * The breakers that are open, for the next home and for people to see. They are
 * few, so a home keeps them in memory: asking for each webhook that it meets
 * would cost more than the attempt.
 */
export class BreakerStore {
  private readonly open = new Map<WebhookId, OpenBreaker>();
  private stopWatching = () => {};

  private constructor(private readonly bucket: Bucket<[WebhookId], Kept>) {}

  /** Opens the bucket; makes it where it is missing. */
  static async open(wires: Wires): Promise<BreakerStore> {
    return new BreakerStore(await Bucket.open(wires, BREAKERS));
  }

  /** Keeps all that are open in memory from now on, for `known`. Resolves when those that there are have been read. */
  async watch(): Promise<void> {
    this.stopWatching = await this.bucket.watch({
      changed: ({ webhook, tenant, snapshot }) => this.open.set(webhook, { tenant, snapshot }),
      removed: (webhook) => this.open.delete(webhook),
    });
  }

  close(): void {
    this.stopWatching();
  }

  /** The webhook's breaker if it is open, as far as `watch` has told. */
  known(webhook: WebhookId): OpenBreaker | undefined {
    return this.open.get(webhook);
  }

  /**
   * How many breakers are open, as far as `watch` has told, and of how many the next probe is due or under way.
   * @param isOurs which webhooks are of interest
   */
  count(isOurs: (webhook: WebhookId) => boolean): { open: number; half_open: number } {
    const counts = { open: 0, half_open: 0 };
    const now = Date.now();
    for (const [webhook, { snapshot }] of this.open)
      if (isOurs(webhook)) counts[snapshot.next_probe_at <= now ? 'half_open' : 'open']++;
    return counts;
  }

  /**
   * @returns undefined when the webhook's breaker is closed
   * @throws when NATS cannot be asked
   */
  async load(webhook: WebhookId): Promise<OpenBreaker | undefined> {
    const kept = await this.bucket.get(webhook);
    return kept && { tenant: kept.tenant, snapshot: kept.snapshot };
  }

  /** @throws when NATS did not store it */
  async put(webhook: WebhookId, { tenant, snapshot }: OpenBreaker): Promise<void> {
    await this.bucket.put({ webhook, tenant, snapshot, version: Date.now() });
  }

  /** @throws when NATS did not take it */
  async remove(webhook: WebhookId): Promise<void> {
    await this.bucket.remove(webhook);
  }
}
