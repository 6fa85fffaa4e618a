import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { SandboxPool, SandboxUnavailable } from '#payload';
import { invalidRequest, Problem } from '../problems/problem.js';

/** A transform's code is only run at its outermost level here, which has nothing to do. */
const SANDBOX = { processes: 1, timeoutMs: 1_000 };
const RETRY_AFTER_SECONDS = 5;

/** Compiles transforms before they are saved, in a sandbox of its own that is started for the first. */
@Injectable()
export class TransformCheck implements OnApplicationShutdown {
  private readonly sandbox = new SandboxPool(SANDBOX);

  /**
   * @param tenant whose it is, who waits for no other's
   * @throws Problem 422 at `transform` for code without a function transform; 503 sandbox_unavailable
   */
  async refuseUnsound(tenant: string, code: string | null | undefined): Promise<void> {
    if (typeof code !== 'string') return;
    const wrong = await this.sandbox.check(tenant, code).catch((error: unknown) => {
      if (!(error instanceof SandboxUnavailable)) throw error;
      throw new Problem('sandbox_unavailable', {
        detail: `Whether the transform can run is not known now: ${error.message}.`,
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    });
    if (wrong !== undefined) throw invalidRequest([{ path: 'transform', message: wrong }]);
  }

  onApplicationShutdown(): void {
    this.sandbox.close();
  }
}
