/** Ready deliveries that are later than that on average have to wait for those of lanes, milliseconds. */
const LATE_MS = 5;
const LESS = 1.5;
const MORE = 1;
const MINUTE_MS = 60_000;

/**
 * How many places deliveries from lanes may have. They are late anyway and
 * drain as fast as the machine can, which would make ready ones late too: so
 * lanes have fewer places while those are taken up late, and slowly more again
 * while they are not.
 *
 * Late is what is later than the earliest of the last minutes: the server's
 * clock, by which a message was stored, may differ from ours.
 */
export class GiveWay {
  private allowed: number;
  private sum = 0;
  private count = 0;
  private earliest = { minute: 0, now: Infinity, before: Infinity };

  /**
   * @param most places when nothing is late
   * @param least places however late everything is
   */
  constructor(
    private readonly most: number,
    private readonly least: number,
  ) {
    this.allowed = most;
  }

  get places(): number {
    return Math.max(1, Math.floor(this.allowed));
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
    this.sum += passed - Math.min(this.earliest.now, this.earliest.before);
    this.count++;
  }

  /**
   * To be called several times a second.
   * @param inUse places that lanes have now
   */
  adapt(inUse: number): void {
    const late = this.count > 0 && this.sum / this.count > LATE_MS;
    this.sum = this.count = 0;
    this.allowed = late
      ? Math.max(this.least, Math.min(this.allowed, inUse) / LESS)
      : Math.min(this.most, this.allowed + MORE);
  }

  private turnTo(minute: number): void {
    if (minute === this.earliest.minute) return;
    this.earliest = { minute, now: Infinity, before: this.earliest.now };
  }
}
