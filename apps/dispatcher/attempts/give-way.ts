/** Half of the ready deliveries are later than that when they have to wait for those of lanes, milliseconds. */
const LATE_MS = 1;
/** Of the last looks, so many must have found that: a single pause of a process is no trouble. */
const LATE_LOOKS = { of: 5, atLeast: 2 };
/** Attempts a second that lanes begin with after a rest. */
const FIRST_PER_SECOND = 200;
/** What they are left with however late others are: so many, or that share of what others begin. */
const LEAST = { perSecond: 50, share: 0.1 };
const LESS = 0.7;
/** What is left of a rate with each look in which lanes did not ask for so much. */
const UNUSED = 0.95;
/** Their share more with each look: the longer ago the last lateness is, the bolder. */
const MORE = { eachSecond: 0.003, most: 0.03, whereNoneIsReady: 0.3 };
/** What is not used soon is lost, so that lanes begin evenly spread, milliseconds. */
const SAVED_MS = 20;
const MINUTE_MS = 60_000;

/**
 * How fast deliveries from lanes may begin. They are late anyway, and drain as
 * fast as the machine can, which would make ready ones late too. So they slow
 * down while ready ones are taken up late, and then come back first slowly, so
 * that the pace at which that happened is met seldom, and later faster. A rate
 * and not a number of places: where receivers are quick, a few places are all
 * that the machine can do.
 *
 * Late is what is later than the earliest of the last minutes: the server's
 * clock, by which a message was stored, may differ from ours.
 */
export class GiveWay {
  private perSecond = FIRST_PER_SECOND;
  private credit = 1;
  private creditAt: number;
  private heldBack = false;
  private begun = 0;
  private lookedAt: number;
  private lateAt = -Infinity;
  private lateness: number[] = [];
  /** Whether the last looks found lateness, the newest first. */
  private found: boolean[] = [];
  private earliest = { minute: 0, now: Infinity, before: Infinity };

  /** @param now by a clock that never goes back, milliseconds */
  constructor(now: number) {
    this.creditAt = this.lookedAt = now;
  }

  /** Attempts that lanes may begin in a second. */
  get rate(): number {
    return this.perSecond;
  }

  /** How long until a delivery from a lane may begin, milliseconds; 0 when it may now. */
  msToNext(now: number): number {
    const { perSecond } = this;
    const most = Math.max(1, (perSecond * SAVED_MS) / 1_000);
    this.credit = Math.min(most, this.credit + ((now - this.creditAt) * perSecond) / 1_000);
    this.creditAt = now;
    if (this.credit >= 1) return 0;
    this.heldBack = true;
    return ((1 - this.credit) * 1_000) / perSecond;
  }

  /** A delivery from a lane begins. */
  began(): void {
    this.credit--;
    this.begun++;
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
    this.lateness.push(passed - Math.min(this.earliest.now, this.earliest.before));
  }

  /** To be called several times a second; `now` as in the constructor. */
  look(now: number): void {
    const seconds = Math.max(1, now - this.lookedAt) / 1_000;
    const used = this.begun / seconds;
    this.found = [median(this.lateness) > LATE_MS, ...this.found].slice(0, LATE_LOOKS.of);
    if (this.found.filter(Boolean).length >= LATE_LOOKS.atLeast) {
      this.found = [];
      this.lateAt = now;
      const least = Math.max(LEAST.perSecond, (LEAST.share * this.lateness.length) / seconds);
      this.perSecond = Math.max(least, Math.min(this.perSecond, used) * LESS);
    } else if (this.heldBack) {
      this.perSecond *= 1 + this.share(now);
    } else {
      // What nobody uses is not known to be right for long.
      const known = Math.max(FIRST_PER_SECOND, 2 * used, this.perSecond * UNUSED);
      this.perSecond = Math.min(this.perSecond, known);
    }
    this.lateness = [];
    this.begun = 0;
    this.heldBack = false;
    this.lookedAt = now;
  }

  /** How much more they may begin. */
  private share(now: number): number {
    if (this.lateness.length === 0) return MORE.whereNoneIsReady;
    return Math.min(MORE.most, (MORE.eachSecond * (now - this.lateAt)) / 1_000);
  }

  private turnTo(minute: number): void {
    if (minute === this.earliest.minute) return;
    this.earliest = { minute, now: Infinity, before: this.earliest.now };
  }
}

function median(numbers: number[]): number {
  return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
