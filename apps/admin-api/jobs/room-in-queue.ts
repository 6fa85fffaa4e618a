import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '#bus';
import type { WebhookId } from '#domain';

/** While more deliveries than this are ready and not taken, nothing is added: what happens now goes first. */
const READY = 5_000;
/** While more than this wait for one webhook that takes them slowly, nothing is added to them. */
const WAITING = 10_000;
const ASK_AGAIN_MS = 200;

/**
 * Waits until the queue has room for more of what nobody waits for.
 * @param webhook the one that it is all for, if it is for one, and if it takes deliveries now: what a paused
 *   one is owed waits anyway
 * @returns whether there is room; false when there was none within the time
 */
export async function roomInQueue(
  { requeue }: Pick<Bus, 'requeue'>,
  webhook: WebhookId | undefined,
  withinMs: number,
): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; ; await sleep(ASK_AGAIN_MS)) {
    const isFull =
      (await requeue.readyCount()) > READY ||
      (webhook !== undefined && (await requeue.waitingCount(webhook)) > WAITING);
    if (!isFull) return true;
    if (Date.now() >= deadline) return false;
  }
}
