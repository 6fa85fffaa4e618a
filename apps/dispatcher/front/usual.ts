/** Late is what is later than so many times what is usual. */
const TIMES = 1.5;
/** More than so many times what is usual and one is a flood or a fault, and says little of what is usual. */
const CREDIBLE = 3;

export interface UsualPlan {
  /** What is no later than that is never late, milliseconds. */
  leastMs: number;
  /** Within about so long what is usual becomes what is found, when that is less. */
  followsLessMs: number;
  /** The same when it is more; slowly, for it may be the doing of whoever is judged. */
  followsMoreMs: number;
  /** It becomes no more than that, milliseconds. */
  most: number;
}

/** How late things usually are, and so what is later than that. */
export class Usual {
  private usual = 0;

  constructor(private readonly plan: UsualPlan) {}

  /**
   * @param late what is found, milliseconds
   * @param passed since the last time, milliseconds
   * @param innocent whether whoever is judged did next to nothing meanwhile: more comes to count as usual then only
   * @returns whether it is late
   */
  isLate(late: number, passed: number, innocent: boolean): boolean {
    const { leastMs, followsLessMs, followsMoreMs, most } = this.plan;
    const isLate = late > Math.max(leastMs, TIMES * this.usual);
    if (late < this.usual) this.usual += (late - this.usual) * Math.min(1, passed / followsLessMs);
    else if (innocent) {
      const credible = Math.min(late, most, CREDIBLE * (this.usual + 1));
      this.usual += Math.max(0, credible - this.usual) * Math.min(1, passed / followsMoreMs);
    }
    return isLate;
  }
}
