import { setTimeout as sleep } from 'node:timers/promises';
import type { Wires } from '../connection.js';
import { SIGN_EVERY_MS, type FollowingSign } from './following.js';
import { FOLLOWING } from '../subjects.js';

/** Who has said nothing for so long is dead, or so busy that nobody shall wait for it. */
const FORGOTTEN_AFTER_MS = 3 * SIGN_EVERY_MS;
const LOOK_EVERY_MS = 100;

/**
 * The processes that follow the buckets, as they say of themselves (Following).
 *
 *   unheard --> heard: waited for --> silent for 1.5 s, or ended: not waited for
 */
export class Followers {
  private readonly heard = new Map<string, { toldUpTo: FollowingSign['toldUpTo']; at: number }>();
  private nextSign = Promise.withResolvers<void>();

  constructor(private readonly wires: Wires) {}

  /** Begins to hear them, all of them after half a second. Ends with the bus. */
  listen(): void {
    this.wires.connection.subscribe(FOLLOWING, {
      // Refused where the account may not listen here (k8s/nats/tidings.conf): then nobody is waited for.
      callback: (refused, message) => {
        const sign = refused ? undefined : readSign(message.string());
        if (sign) this.hear(sign);
      },
    });
  }

  /**
   * Waits until everyone who follows a bucket works by a revision of it.
   * @returns whether they do, within the time
   */
  async reached(bucket: string, revision: number, withinMs: number): Promise<boolean> {
    for (const deadline = Date.now() + withinMs; !this.allHave(bucket, revision);) {
      if (Date.now() >= deadline) return false;
      const over = new AbortController();
      const look = sleep(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
      await Promise.race([this.nextSign.promise, look]);
      over.abort();
    }
    return true;
  }

  private hear({ process, toldUpTo, ended }: FollowingSign): void {
    if (ended) this.heard.delete(process);
    else this.heard.set(process, { toldUpTo, at: Date.now() });
    this.nextSign.resolve();
    this.nextSign = Promise.withResolvers();
  }

  private allHave(bucket: string, revision: number): boolean {
    const forgotten = Date.now() - FORGOTTEN_AFTER_MS;
    let all = true;
    for (const [process, { toldUpTo, at }] of this.heard) {
      if (at < forgotten) this.heard.delete(process);
      else if ((toldUpTo[bucket] ?? Infinity) < revision) all = false;
    }
    return all;
  }
}

/** @returns undefined for what is none */
function readSign(text: string): FollowingSign | undefined {
  try {
    const sign = JSON.parse(text) as Partial<FollowingSign> | null;
    return sign?.process && sign.toldUpTo ? (sign as FollowingSign) : undefined;
  } catch {
    return undefined;
  }
}
