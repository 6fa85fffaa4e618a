/** Later than that is counted as that, milliseconds. */
const MOST_MS = 255;
const MINUTE_MS = 60_000;

/**
 * How late ready deliveries are taken up. Late is what is later than the
 * earliest of the last minutes: the server's clock, by which a message was
 * stored, may differ from ours.
 */
export class Lateness {
  private counts = new Uint32Array(MOST_MS + 1);
  private total = 0;
  private earliest = { minute: 0, now: Infinity, before: Infinity };

  /** How many were taken up since the last `reset`. */
  get count(): number {
    return this.total;
  }

  /**
   * A ready delivery is taken up.
   * @param storedAt by the server's clock, milliseconds since 1970
   * @param now by ours
   */
  tookUp(storedAt: number, now: number): void {
    const passed = now - storedAt;
    this.turnTo(Math.floor(now / MINUTE_MS));
    this.earliest.now = Math.min(this.earliest.now, passed);
    const late = Math.min(MOST_MS, passed - Math.min(this.earliest.now, this.earliest.before));
    this.counts[late] = (this.counts[late] ?? 0) + 1;
    this.total++;
  }

  /** @returns what that share of them was at most late, whole milliseconds; undefined where none was taken up */
  quantile(share: number): number | undefined {
    let below = 0;
    for (let late = 0; late <= MOST_MS; late++) {
      below += this.counts[late] ?? 0;
      if (below > 0 && below >= share * this.total) return late;
    }
    return undefined;
  }

  reset(): void {
    this.counts.fill(0);
    this.total = 0;
  }

  private turnTo(minute: number): void {
    if (minute === this.earliest.minute) return;
    this.earliest = { minute, now: Infinity, before: this.earliest.now };
  }
}
