import type { DeliveryId, TenantId, WebhookId } from '#domain';
import { Bucket, type BucketPlan } from './buckets/bucket.js';
import type { Wires } from './connection.js';
import { PublishError } from './publisher.js';

/** Somebody cancelled a delivery that may be anywhere on its way. */
interface Mark {
  delivery: DeliveryId;
  tenant: TenantId;
  webhook: WebhookId;
  /** When, milliseconds since 1970; the later of two marks is the one that counts. */
  version: number;
}

const DAY_MS = 86_400_000;
/** Whoever holds the message has seen the mark long before; what is paused for longer is sent after all. */
const KEPT_MS = 30 * DAY_MS;
const SWEEP_MS = 3_600_000;

const MARKS: BucketPlan<[DeliveryId], Mark> = {
  name: 'cancellations',
  keyParts: 1,
  keyOf: ({ delivery }) => [delivery],
  keptMs: KEPT_MS,
};

/**
 * Marks on deliveries that people cancelled. A delivery's message may lie in
 * the queue, in a lane or in a dispatcher's hands, so it cannot be taken away;
 * whoever holds it asks here before it attempts or schedules anything.
 *
 *   marked --> seen by the holder of the message, which drops it --> gone after 30 days
 *
 * Nobody takes a mark away. A delivery that is brought back is owed after its
 * mark, and so not stopped by it; the message that the mark was set on may
 * still lie in a lane, or be handed out again to whoever had dropped it.
 */
export class Cancellations {
  private readonly marks = new Map<DeliveryId, number>();
  private sweeper: NodeJS.Timeout | undefined;
  private stopWatching = () => {};

  private constructor(private readonly bucket: Bucket<[DeliveryId], Mark>) {}

  /** Opens the bucket; makes it where it is missing. */
  static async open(wires: Wires): Promise<Cancellations> {
    return new Cancellations(await Bucket.open(wires, MARKS));
  }

  /**
   * Marks a delivery as cancelled from now on.
   * @throws PublishError when NATS did not take it
   */
  async mark(delivery: DeliveryId, { tenant, webhook }: Omit<Mark, 'delivery' | 'version'>): Promise<void> {
    try {
      await this.bucket.put({ delivery, tenant, webhook, version: Date.now() });
    } catch (error) {
      throw new PublishError(`The mark on ${delivery} was not stored: ${String(error)}`, { cause: error });
    }
  }

  /**
   * Keeps all marks in memory from now on, for `has`. Resolves when those that
   * there are have been read; goes on when the connection or the bucket is lost
   * and comes back.
   * @param told of each mark, by its webhook
   */
  async watch(told: (webhook: WebhookId) => void = () => undefined): Promise<void> {
    this.stopWatching = await this.bucket.watch({
      changed: ({ delivery, version, webhook }) => {
        this.marks.set(delivery, version);
        told(webhook);
      },
      removed: (delivery) => this.marks.delete(delivery),
    });
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  /** Ends the watching. */
  close(): void {
    clearInterval(this.sweeper);
    this.stopWatching();
  }

  /**
   * When a delivery was cancelled, as far as `watch` has told.
   * @param owedAt when it was owed, milliseconds since 1970: a mark from before does not stop what was brought back
   *   after it
   * @returns milliseconds since 1970; undefined when it was not
   */
  cancelledAt(delivery: DeliveryId, owedAt = 0): number | undefined {
    if (this.marks.size === 0) return undefined;
    const marked = this.marks.get(delivery);
    return marked !== undefined && marked >= owedAt ? marked : undefined;
  }

  /** Whether a delivery was cancelled, as `cancelledAt` says when. */
  has(delivery: DeliveryId, owedAt = 0): boolean {
    return this.cancelledAt(delivery, owedAt) !== undefined;
  }

  /**
   * When a delivery was marked, whether or not anybody watches.
   * @returns milliseconds since 1970; undefined when there is no mark
   * @throws when NATS cannot be asked
   */
  async markedAt(delivery: DeliveryId): Promise<number | undefined> {
    return (await this.bucket.get(delivery))?.version;
  }

  /** The bucket forgets without a word. */
  private sweep(): void {
    const before = Date.now() - KEPT_MS;
    for (const [delivery, marked] of this.marks) if (marked < before) this.marks.delete(delivery);
  }
}
