import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 1_000;

/** Does what NATS may not be ready for yet, again and again; what it throws is not told. */
export async function untilItWorks(work: () => Promise<void>, givenUp: () => boolean): Promise<void> {
  while (!givenUp()) {
    try {
      return await work();
    } catch {
      await sleep(RETRY_MS, undefined, { ref: false });
    }
  }
}
