import { KvWatchInclude, type KV, type KvEntry, type KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection, QueuedIterator } from '@nats-io/transport-node';
import { untilItWorks } from '../until-it-works.js';

/**
 * Tells all that lies in a bucket, then each change. After a loss of the
 * connection all is told again: the client takes ten seconds to go on by
 * itself, and never does when NATS lost its storage and the bucket was made
 * again. What such a new bucket lacks is not told as removed, for the relay may
 * still be filling it.
 *
 *   told up to a revision --> the connection is back: nothing is sure --> told all again
 */
export class BucketWatch {
  private updates: QueuedIterator<KvWatchEntry> | undefined;
  private upTo = 0;
  private round = 0;
  private ended = false;

  private constructor(
    private readonly kv: KV,
    private readonly connection: NatsConnection,
    private readonly told: (entry: KvEntry) => void,
    private readonly listener: () => void,
  ) {}

  /**
   * Resolves when all that was there at the start has been told.
   * @param told of each entry
   * @param listener told that `toldUpTo` has changed
   */
  static async begin(
    kv: KV,
    connection: NatsConnection,
    told: (entry: KvEntry) => void,
    listener: () => void,
  ): Promise<BucketWatch> {
    const watch = new BucketWatch(kv, connection, told, listener);
    await watch.follow();
    void watch.followAnew();
    return watch;
  }

  /** The highest revision up to which all has been told; 0 while that is not sure. */
  get toldUpTo(): number {
    return this.upTo;
  }

  stop(): void {
    this.ended = true;
    this.updates?.stop();
  }

  /** A later round makes an earlier one void, which may never have come to its end: the server was lost again. */
  private async follow(): Promise<void> {
    const round = ++this.round;
    this.turn(0);
    let read = false;
    let last = 0;
    const updates = await followBucket(this.kv, (entry) => {
      if (round !== this.round) return;
      this.told(entry);
      last = Math.max(last, entry.revision);
      if (read) this.turn(last);
    });
    if (this.ended || round !== this.round) return updates.stop();
    this.updates?.stop();
    this.updates = updates;
    read = true;
    this.turn(last);
  }

  /** Not awaited, one after the other: what NATS was lost in again may never come to its end. */
  private async followAnew(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (this.ended) return;
      if (type !== 'reconnect') continue;
      let mine = this.round;
      const attempt = () => {
        const following = this.follow();
        mine = this.round;
        return following;
      };
      void untilItWorks(attempt, () => this.ended || this.connection.isClosed() || this.round !== mine);
    }
  }

  private turn(upTo: number): void {
    this.upTo = upTo;
    this.listener();
  }
}

/** @returns the entries to come, once those that the bucket holds have been told */
export async function followBucket(
  kv: KV,
  told: (entry: KvEntry) => void,
): Promise<QueuedIterator<KvWatchEntry>> {
  const { values } = await kv.status();
  const updates = await kv.watch({ include: KvWatchInclude.LastValue });
  await new Promise<void>((caughtUp, failed) => {
    if (values === 0) caughtUp();
    void (async () => {
      for await (const entry of updates) {
        told(entry);
        if (entry.delta === 0) caughtUp();
      }
    })().catch(failed);
  });
  return updates;
}
