import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 25;

/**
 * Tries until the assertion holds, and gives what it returned.
 * @param assertion throws as long as it does not hold
 * @throws the assertion's last error when it did not hold in time
 */
export async function waitFor<Value>(
  assertion: () => Value | Promise<Value>,
  timeoutMs = 10_000,
): Promise<Value> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}
