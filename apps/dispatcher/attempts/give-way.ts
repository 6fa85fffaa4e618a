import { Lateness } from './lateness.js';

const JUDGED_EVERY_MS = 1_000;
/** What is judged: how late nine in ten of the ready deliveries are at most. */
const QUANTILE = 0.9;
/** They are late when that is more than so many times what is usual, and than so many milliseconds. */
const LATE = { times: 1.5, ms: 2 };
/** How fast what is usual follows what is found: soon when that is less, and slowly, and not too far, when it is more. */
const USUAL = { lessMs: 2_000, moreMs: 60_000, most: 10 };
/** Attempts a second that lanes begin with after a rest. */
const FIRST_PER_SECOND = 200;
/**
 * What they are left with however late others are: so many, or that share of
 * what others begin, or so many times what comes into them. With less than
 * comes in, a webhook that fell behind once, when all were late, would never
 * catch up on a busy machine, and be later with each minute; with twice as much
 * it has caught up after as long as it is behind.
 */
const LEAST = { perSecond: 50, share: 0.1, ofWhatComesIn: 2 };
/**
 * What comes in is the mean of about so long. A burst of seconds shall not
 * count: it drains soon by itself, and cost a fifth of the throughput when
 * lanes were given more at once.
 */
const COMES_IN_MS = 60_000;
const LESS = 0.6;
/** What is left of a rate with each look in which lanes did not ask for so much. */
const UNUSED = 0.95;
/** Their share more with each look: the longer ago the last lateness is, the bolder. */
const MORE = { eachSecond: 0.002, most: 0.03, whereNoneIsReady: 0.3 };
/** What is not used soon is lost, so that lanes begin evenly spread, milliseconds. */
const SAVED_MS = 20;

/**
 * How fast deliveries from lanes may begin. They are late anyway, and drain as
 * fast as the machine can, which would make ready ones late too. So they slow
 * down while ready ones are taken up later than usual, and then come back first
 * slowly, so that the pace at which that happened is met seldom, and later
 * faster. A rate and not a number of places: where receivers are quick, a few
 * places are all that the machine can do.
 *
 * Lateness that is there while lanes begin next to nothing (of the network, of a
 * busy machine) is not their doing: it comes to count as usual.
 */
export class GiveWay {
  private perSecond = FIRST_PER_SECOND;
  private credit = 1;
  private creditAt: number;
  private heldBack = false;
  private begun = 0;
  private lookedAt: number;
  private judged: { at: number; begun: number };
  private lateAt = -Infinity;
  private usual = 0;
  private readyPerSecond = 0;
  private cameIn = 0;
  private comesInPerSecond = 0;
  private readonly lateness = new Lateness();

  /** @param now by a clock that never goes back, milliseconds */
  constructor(now: number) {
    this.creditAt = this.lookedAt = now;
    this.judged = { at: now, begun: 0 };
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
    this.judged.begun++;
  }

  /**
   * A ready delivery is taken up.
   * @param storedAt by the server's clock, milliseconds since 1970
   * @param now by ours
   */
  tookUp(storedAt: number, now: number): void {
    this.lateness.tookUp(storedAt, now);
  }

  /** A ready delivery, which nothing but those before it keeps from being attempted, moves into a lane. */
  movedToLane(): void {
    this.cameIn++;
  }

  /** To be called several times a second; `now` as in the constructor. */
  look(now: number): void {
    if (now - this.judged.at >= JUDGED_EVERY_MS) this.judge(now);
    if (this.heldBack) {
      this.perSecond *= 1 + this.share(now);
    } else {
      // What nobody uses is not known to be right for long.
      const used = (this.begun * 1_000) / Math.max(1, now - this.lookedAt);
      const known = Math.max(FIRST_PER_SECOND, 2 * used, this.perSecond * UNUSED);
      this.perSecond = Math.min(this.perSecond, known);
    }
    this.begun = 0;
    this.heldBack = false;
    this.lookedAt = now;
  }

  private judge(now: number): void {
    const passed = now - this.judged.at;
    const used = (this.judged.begun * 1_000) / passed;
    this.readyPerSecond = (this.lateness.count * 1_000) / passed;
    const least = this.leastOf(passed);
    const late = this.lateness.quantile(QUANTILE);
    if (late !== undefined) {
      if (late > Math.max(LATE.ms, LATE.times * this.usual)) {
        this.lateAt = now;
        this.perSecond = Math.min(this.perSecond, used) * LESS;
      }
      if (late < this.usual) this.usual += (late - this.usual) * Math.min(1, passed / USUAL.lessMs);
      else if (used <= 1.5 * least)
        this.usual = Math.min(USUAL.most, this.usual + ((late - this.usual) * passed) / USUAL.moreMs);
    }
    this.perSecond = Math.max(this.perSecond, least);
    this.judged = { at: now, begun: 0 };
    this.lateness.reset();
  }

  /** @param passed since the last judgement, milliseconds */
  private leastOf(passed: number): number {
    const comesIn = (this.cameIn * 1_000) / passed;
    this.cameIn = 0;
    this.comesInPerSecond += (comesIn - this.comesInPerSecond) * Math.min(1, passed / COMES_IN_MS);
    return Math.max(
      LEAST.perSecond,
      LEAST.share * this.readyPerSecond,
      LEAST.ofWhatComesIn * this.comesInPerSecond,
    );
  }

  /** How much more they may begin. */
  private share(now: number): number {
    if (this.readyPerSecond === 0 && this.lateness.count === 0) return MORE.whereNoneIsReady;
    return Math.min(MORE.most, (MORE.eachSecond * (now - this.lateAt)) / 1_000);
  }
}
