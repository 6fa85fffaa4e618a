import type { FastifyReply } from 'fastify';
import { Problem } from '../problems/problem.js';
import { TokenBuckets } from './token-buckets.js';

/** So many requests a second for each key, on each replica; that many may come at once. */
export class RateLimit {
  private readonly buckets: TokenBuckets;

  constructor(private readonly perSecond: number) {
    this.buckets = new TokenBuckets({ capacity: perSecond, perSecond });
  }

  /**
   * Counts a request, and tells its caller where they stand.
   * @param key the id of the caller's key
   * @throws Problem 429 `rate_limited`
   */
  count(key: string, reply: FastifyReply): void {
    const { ok, left, retryAfterSeconds } = this.buckets.take(key);
    void reply.header('ratelimit-policy', `"key";q=${this.perSecond};w=1`);
    void reply.header('ratelimit', `"key";r=${left};t=${retryAfterSeconds}`);
    if (ok) return;
    throw new Problem('rate_limited', {
      detail: `This key may make ${this.perSecond} requests a second.`,
      evidence: { limit: this.perSecond, period_seconds: 1 },
      retryAfterSeconds,
    });
  }
}
