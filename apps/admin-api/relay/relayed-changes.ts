const REMEMBERED = 1_000;

/** Lets writers wait until their change is in the bucket. */
export class RelayedChanges {
  private readonly waiting = new Map<number, Set<() => void>>();
  /** A change may be relayed before its writer asks. */
  private readonly lately = new Set<number>();

  /** Tells that ledger entries are in the bucket. */
  tell(seqs: number[]): void {
    for (const seq of seqs) {
      this.lately.add(seq);
      for (const resolve of this.waiting.get(seq) ?? []) resolve();
    }
    for (const seq of this.lately) {
      if (this.lately.size <= REMEMBERED) break;
      this.lately.delete(seq);
    }
  }

  /** Waits for a ledger entry to be in the bucket. @returns whether it was within the time */
  async wait(seq: number, withinMs: number): Promise<boolean> {
    if (this.lately.has(seq)) return true;
    return new Promise((resolve) => {
      const waiters = this.waiting.get(seq) ?? new Set();
      this.waiting.set(seq, waiters);
      const end = (relayed: boolean) => {
        clearTimeout(timer);
        waiters.delete(relayedNow);
        if (waiters.size === 0) this.waiting.delete(seq);
        resolve(relayed);
      };
      const relayedNow = () => end(true);
      const timer = setTimeout(() => end(false), withinMs);
      waiters.add(relayedNow);
    });
  }
}
