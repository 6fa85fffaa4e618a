/**
 * What comes in is what came in within every so long for so many times: the
 * least of them. So a flood does not count, however large, and what goes on
 * coming does after a minute.
 */
const EVERY_MS = 10_000;
const TIMES = 6;

/** How much goes on coming in. */
export class ComesIn {
  private count = 0;
  /** By the second, the latest last. */
  private rates: number[] = [];

  /** @param since by a clock that never goes back, milliseconds */
  constructor(private since: number) {}

  add(): void {
    this.count++;
  }

  /** To be asked more often than every ten seconds. @returns how many a second */
  perSecond(now: number): number {
    const passed = now - this.since;
    if (passed >= EVERY_MS) {
      this.rates = [...this.rates, (this.count * 1_000) / passed].slice(-TIMES);
      this.count = 0;
      this.since = now;
    }
    return this.rates.length < TIMES ? 0 : Math.min(...this.rates);
  }
}
