import { randomUUID } from 'node:crypto';
import type { Buckets } from './buckets.js';
import type { Wires } from '../connection.js';
import { FOLLOWING } from '../subjects.js';

/** What a process says of itself. */
export interface FollowingSign {
  process: string;
  /** By bucket, of those that it follows: the revision up to which it knows all. */
  toldUpTo: Record<string, number>;
  /** It works no more. */
  ended?: true;
}

/** So often in any case: whoever begins to listen hears of all processes within it. */
export const SIGN_EVERY_MS = 500;

/**
 * Says how far this process follows the buckets: at once after each change
 * that its watchers were told of, so that whoever made the change can wait
 * until it counts everywhere (Followers). Nobody keeps these signs.
 */
export class Following {
  private readonly process = randomUUID();
  private readonly all: Buckets[keyof Buckets][];
  private timer: NodeJS.Timeout | undefined;
  private due: NodeJS.Immediate | undefined;

  constructor(
    private readonly wires: Wires,
    buckets: Buckets,
  ) {
    this.all = [buckets.webhooks, buckets.tenants, buckets.eventTypes];
  }

  /** From when on this process works by what its watchers were told. */
  begin(): void {
    for (const bucket of this.all)
      bucket.onProgress(() => {
        // Many changes come at once.
        this.due ??= setImmediate(() => this.say());
      });
    this.timer = setInterval(() => this.say(), SIGN_EVERY_MS).unref();
    this.say();
  }

  end(): void {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.publish({ process: this.process, toldUpTo: {}, ended: true });
  }

  private say(): void {
    this.due = undefined;
    if (!this.timer) return;
    const toldUpTo: FollowingSign['toldUpTo'] = {};
    for (const bucket of this.all) if (bucket.toldUpTo !== undefined) toldUpTo[bucket.name] = bucket.toldUpTo;
    this.publish({ process: this.process, toldUpTo });
  }

  private publish(sign: FollowingSign): void {
    const { connection } = this.wires;
    if (!connection.isClosed()) connection.publish(FOLLOWING, JSON.stringify(sign));
  }
}
