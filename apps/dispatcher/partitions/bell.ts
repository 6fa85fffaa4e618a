import { setTimeout as sleep } from 'node:timers/promises';

/** Wakes one who waits. What rings while nobody waits is heard by the next who does. */
export class Bell {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  /**
   * Waits for a ring, or for so long.
   * @param settleMs how long after a ring others are let ring too, for one look at all of it
   */
  async wait(ms: number, settleMs: number): Promise<void> {
    if (!this.rung) {
      const waiting = new AbortController();
      const rung = new Promise<void>((resolve) => (this.wake = resolve));
      await Promise.race([rung, sleep(ms, undefined, { signal: waiting.signal }).catch(() => undefined)]);
      waiting.abort();
      this.wake = undefined;
    }
    if (this.rung) await sleep(settleMs);
    this.rung = false;
  }
}
