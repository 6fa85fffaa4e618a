/** How a bucket is filled. */
export interface BucketRate {
  /** Tokens that it holds at most, and at first. */
  capacity: number;
  perSecond: number;
}

export interface Taken {
  ok: boolean;
  /** Whole tokens that are left. */
  left: number;
  /** Seconds until there is a token, rounded up; 0 when there is one. */
  retryAfterSeconds: number;
}

const REMEMBERED = 10_000;

/**
 * Token buckets by name, in bounded memory: a bucket that has been left alone
 * longest is forgotten first, and is full when it comes back.
 */
export class TokenBuckets {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(
    private readonly rate: BucketRate,
    private readonly remembered = REMEMBERED,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Takes a token if there is one. */
  take(name: string): Taken {
    const tokens = this.tokens(name);
    const ok = tokens >= 1;
    this.set(name, ok ? tokens - 1 : tokens);
    return this.told(ok, ok ? tokens - 1 : tokens);
  }

  /** Whether a token could be taken, without taking it. */
  look(name: string): Taken {
    const tokens = this.tokens(name);
    return this.told(tokens >= 1, tokens);
  }

  get size(): number {
    return this.buckets.size;
  }

  private told(ok: boolean, tokens: number): Taken {
    const wait = tokens >= 1 ? 0 : Math.ceil((1 - tokens) / this.rate.perSecond);
    return { ok, left: Math.floor(tokens), retryAfterSeconds: wait };
  }

  private tokens(name: string): number {
    const bucket = this.buckets.get(name);
    if (!bucket) return this.rate.capacity;
    const gained = ((this.now() - bucket.at) / 1_000) * this.rate.perSecond;
    return Math.min(this.rate.capacity, bucket.tokens + gained);
  }

  private set(name: string, tokens: number): void {
    this.buckets.delete(name);
    this.buckets.set(name, { tokens, at: this.now() });
    if (this.buckets.size > this.remembered) this.buckets.delete(this.buckets.keys().next().value ?? '');
  }
}
