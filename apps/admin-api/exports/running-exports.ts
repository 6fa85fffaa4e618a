import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Readable } from 'node:stream';
import type { TenantId } from '#domain';
import { Problem } from '../problems/problem.js';

/** Of one tenant, at once, on each replica. */
const AT_ONCE = 2;
const RETRY_AFTER_SECONDS = 10;

/** The exports that are under way: few for each tenant, and none that keeps the process from stopping. */
@Injectable()
export class RunningExports implements BeforeApplicationShutdown {
  private readonly counts = new Map<TenantId, number>();
  private readonly streams = new Set<Readable>();

  /**
   * Runs one more, until its stream is closed.
   * @throws Problem 429 `too_many_exports`; what `open` throws
   */
  async run(tenant: TenantId, open: () => Promise<Readable>): Promise<Readable> {
    const running = this.counts.get(tenant) ?? 0;
    if (running >= AT_ONCE)
      throw new Problem('too_many_exports', {
        detail: `A tenant may have ${AT_ONCE} exports at once. Go on when one of them has ended.`,
        evidence: { limit: AT_ONCE },
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    this.counts.set(tenant, running + 1);
    try {
      const stream = await open();
      this.streams.add(stream);
      stream.once('close', () => {
        this.streams.delete(stream);
        this.ended(tenant);
      });
      return stream;
    } catch (error) {
      this.ended(tenant);
      throw error;
    }
  }

  /** Whoever reads one goes on with it at another replica. */
  beforeApplicationShutdown(): void {
    for (const stream of this.streams) stream.destroy();
  }

  private ended(tenant: TenantId): void {
    const left = (this.counts.get(tenant) ?? 1) - 1;
    if (left > 0) this.counts.set(tenant, left);
    else this.counts.delete(tenant);
  }
}
