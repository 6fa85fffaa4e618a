/** Milliseconds on both clocks: one that nobody sets but that stands still while the machine sleeps, and the other way round. */
export interface Moment {
  steady: number;
  wall: number;
}

export function momentNow(): Moment {
  return { steady: performance.now(), wall: Date.now() };
}

/**
 * Whether others must still take us for living.
 *
 *   down --renewed--> up --(time is over, or brought down)--> down
 *
 * Up until so long after the last sign of life was *sent* that was received:
 * the server counts from when it arrived, which is later.
 */
export class Fence {
  private renewedAt: Moment | undefined;

  /** @param lastsMs how long a sign of life counts */
  constructor(
    private readonly lastsMs: number,
    private readonly now: () => Moment = momentNow,
  ) {}

  /** @param sentAt when the sign of life was sent that arrived */
  renewed(sentAt: Moment): void {
    this.renewedAt = sentAt;
  }

  bringDown(): void {
    this.renewedAt = undefined;
  }

  get isUp(): boolean {
    return this.leftMs > 0;
  }

  /** How long it stays up without another sign of life, milliseconds; 0 when it is down. */
  get leftMs(): number {
    if (!this.renewedAt) return 0;
    const { steady, wall } = this.now();
    const passed = Math.max(steady - this.renewedAt.steady, wall - this.renewedAt.wall);
    return Math.max(0, this.lastsMs - passed);
  }
}
