import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Bus, type JournalFollower, type JournalMessage } from '#bus';
import type { TenantId } from '#domain';
import { Problem } from '../problems/problem.js';
import type { FeedFilter } from './feed-filter.js';
import { itemsOf, textOfPlace, type FeedPlace } from './feed-item.js';
import { FeedListener } from './feed-listener.js';

export interface FeedLimits {
  /** Who is silent for so long may be gone: something is sent each time. */
  heartbeatMs: number;
  /** How often it is seen whether listeners' keys are still good. */
  checkMs: number;
  /** Messages of JOURNAL that are read again for one who comes back. */
  catchUp: number;
  listeners: number;
  listenersOfTenant: number;
  /** For how long a process that stops waits for what listeners have still to read. */
  endWithinMs: number;
}

export const FEED_LIMITS: FeedLimits = {
  heartbeatMs: 15_000,
  checkMs: 2_000,
  catchUp: 20_000,
  listeners: 1_000,
  listenersOfTenant: 100,
  endWithinMs: 200,
};

/** When a client that lost us is to come back, milliseconds. */
const RETRY_MS = 2_000;
const BUSY_SECONDS = 30;
const NAME = 'live-feed';

export interface Listening {
  tenant: TenantId;
  filter: FeedFilter;
  /** Where it left off; undefined for one who comes for the first time. */
  after: FeedPlace | undefined;
  isAllowed: () => Promise<boolean>;
}

/** JOURNAL as it is followed for all who listen now. */
interface Following {
  follower: JournalFollower;
  /** The last message that was handed on. */
  upTo: number;
}

/**
 * Tells whoever listens what becomes of deliveries, as JOURNAL tells it: one
 * reader of JOURNAL for the process, while there are listeners. PostgreSQL has
 * no part in it (docs/adr/0014).
 */
@Injectable()
export class LiveFeed implements OnModuleDestroy {
  private readonly byTenant = new Map<TenantId, Set<FeedListener>>();
  private count = 0;
  private following: Promise<Following> | undefined;
  private timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly bus: Bus,
    @Inject('FEED_LIMITS') private readonly limits: FeedLimits,
  ) {
    // The sequences of JOURNAL may have begun anew.
    bus.onReturn(() => this.endAll());
  }

  /**
   * @returns one who is told from now on; first what it missed
   * @throws Problem 429 where there are enough; what NATS says when it cannot be asked
   */
  async listen({ tenant, filter, after, isAllowed }: Listening): Promise<FeedListener> {
    this.refuseTooMany(tenant);
    const listener: FeedListener = new FeedListener(tenant, filter, isAllowed, () => this.remove(listener));
    this.add(listener);
    listener.write(`retry: ${RETRY_MS}\n\n`);
    try {
      const { upTo } = await (this.following ??= this.begin());
      this.catchUp(listener, after, upTo).catch(() => listener.drop());
    } catch (error) {
      listener.drop();
      throw error;
    }
    return listener;
  }

  async onModuleDestroy(): Promise<void> {
    this.endAll();
    if (this.count > 0) await sleep(this.limits.endWithinMs);
    this.eachListener((each) => each.drop());
  }

  /** How many listen now. */
  get listeners(): number {
    return this.count;
  }

  private refuseTooMany(tenant: TenantId): void {
    const { listeners, listenersOfTenant } = this.limits;
    const ofTenant = this.byTenant.get(tenant)?.size ?? 0;
    if (this.count < listeners && ofTenant < listenersOfTenant) return;
    const limit = ofTenant < listenersOfTenant ? listeners : listenersOfTenant;
    throw new Problem('rate_limited', {
      detail: `So many listen to the live feed already: ${limit}.`,
      evidence: { limit },
      retryAfterSeconds: BUSY_SECONDS,
    });
  }

  private add(listener: FeedListener): void {
    const listeners = this.byTenant.get(listener.tenant) ?? new Set();
    this.byTenant.set(listener.tenant, listeners.add(listener));
    this.count += 1;
    if (this.count > 1) return;
    const { heartbeatMs, checkMs } = this.limits;
    this.timers = [
      setInterval(() => void this.showLife(), heartbeatMs),
      setInterval(() => this.eachListener(endUnlessAllowed), checkMs),
    ];
  }

  private remove(listener: FeedListener): void {
    const listeners = this.byTenant.get(listener.tenant);
    if (!listeners?.delete(listener)) return;
    if (listeners.size === 0) this.byTenant.delete(listener.tenant);
    this.count -= 1;
    if (this.count === 0) this.rest();
  }

  /** Nobody listens any more. */
  private rest(): void {
    for (const timer of this.timers) clearInterval(timer);
    this.stopFollowing();
  }

  private begin(): Promise<Following> {
    const begun: Promise<Following> = this.follow(() => {
      if (this.following === begun) this.endAll();
    });
    begun.catch(() => {
      if (this.following === begun) this.following = undefined;
    });
    return begun;
  }

  private async follow(ended: () => void): Promise<Following> {
    const follower = this.bus.journalFollower(NAME);
    const { last } = await follower.bounds();
    const following: Following = { follower, upTo: last };
    const reading = await follower.follow(last + 1, (message) => this.handOn(following, message));
    reading.ended.then(ended, ended);
    return following;
  }

  private handOn(following: Following, message: JournalMessage): void {
    following.upTo = message.sequence;
    for (const item of itemsOf(message))
      for (const listener of this.byTenant.get(item.state.tenant) ?? []) listener.offer(item);
  }

  /** @param upTo the last message that is not offered live */
  private async catchUp(listener: FeedListener, after: FeedPlace | undefined, upTo: number): Promise<void> {
    if (after === undefined) {
      listener.goLive(upTo);
      return;
    }
    const follower = this.bus.journalFollower(`${NAME}-again`);
    const { first } = await follower.bounds();
    const isKept = after.sequence >= first - 1 && after.sequence <= upTo;
    if (!isKept || upTo - after.sequence > this.limits.catchUp) {
      listener.write(gapAfter(after));
    } else if (after.sequence > 0) {
      await this.tellMissed(listener, follower, after, upTo);
    }
    listener.goLive(upTo);
  }

  private async tellMissed(
    listener: FeedListener,
    follower: JournalFollower,
    after: FeedPlace,
    upTo: number,
  ): Promise<void> {
    const { last } = await follower.bounds();
    const { ended } = await follower.follow(after.sequence, async (message) => {
      if (message.sequence <= upTo) await this.tellAgain(listener, message, after);
      if (message.sequence >= Math.min(upTo, last) || listener.isOver) follower.stop();
    });
    await ended;
  }

  private async tellAgain(listener: FeedListener, message: JournalMessage, after: FeedPlace): Promise<void> {
    for (const item of itemsOf(message)) {
      const isNew = message.sequence > after.sequence || item.place.index > after.index;
      if (isNew) await listener.catchUp(item);
    }
  }

  private async showLife(): Promise<void> {
    const following = await this.following?.catch(() => undefined);
    if (following) this.eachListener((each) => each.showLife(following.upTo));
  }

  private eachListener(tell: (listener: FeedListener) => void): void {
    for (const listeners of this.byTenant.values()) listeners.forEach(tell);
  }

  /** They come back, and go on where they were. */
  private endAll(): void {
    this.stopFollowing();
    this.eachListener((each) => each.end());
  }

  private stopFollowing(): void {
    const { following } = this;
    this.following = undefined;
    following?.then(({ follower }) => follower.stop()).catch(() => undefined);
  }
}

/** What happened since is not told again; the lists have it. */
function gapAfter(after: FeedPlace): string {
  return `event: gap\ndata: ${JSON.stringify({ after: textOfPlace(after) })}\n\n`;
}

function endUnlessAllowed(listener: FeedListener): void {
  listener.isAllowed().then(
    (allowed) => {
      if (!allowed) listener.end();
    },
    // Nobody can revoke a key while nobody can be asked for it.
    () => undefined,
  );
}
