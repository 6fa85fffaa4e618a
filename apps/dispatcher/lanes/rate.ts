/** How often something happens, by whole seconds. */
export class Rate {
  private second = 0;
  private now = 0;
  private before = 0;

  /** @param at milliseconds since 1970 */
  add(at: number): void {
    this.turnTo(at);
    this.now++;
  }

  /** Of the last whole second, or more when this one has more already. */
  perSecond(at: number): number {
    this.turnTo(at);
    return Math.max(this.before, this.now);
  }

  private turnTo(at: number): void {
    const second = Math.floor(at / 1_000);
    if (second === this.second) return;
    this.before = second === this.second + 1 ? this.now : 0;
    this.now = 0;
    this.second = second;
  }
}
