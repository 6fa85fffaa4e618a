import { ComesIn } from './comes-in.js';
import { Lateness } from './lateness.js';
import { Usual } from './usual.js';

/**
 * Judged every second: how late nearly all of the ready deliveries are at most, in each look; and of a second's looks the
 * third latest, for a pause or two of this process or of another are not the lanes' doing.
 */
const SOON = { everyMs: 1_000, quantile: 0.95, pauses: 2 };
const USUAL_SOON = { leastMs: 2, followsLessMs: 2_000, followsMoreMs: 60_000, most: 10 };
/** Judged when there are enough of them to tell: how late the latest of a hundred are, pauses and all. */
const TAIL = { everyMs: 5_000, quantile: 0.99, of: 1_000 };
const USUAL_TAIL = { leastMs: 2, followsLessMs: 20_000, followsMoreMs: 60_000, most: 20 };
/** Attempts a second that lanes begin with after a rest. */
const FIRST_PER_SECOND = 200;
/**
 * What they are left with however late others are: so many, or that share of
 * what others begin, or so many times what comes into them. With less than
 * comes in, a webhook that fell behind once, when all were late, would never
 * catch up on a busy machine, and be later with each minute; with twice as much
 * it has caught up after as long as it is behind. A backlog that came at once
 * does not count: it is late already, and shall not make others late.
 */
const LEAST = { perSecond: 50, share: 0.1, ofWhatComesIn: 2 };
const LESS = 0.6;
/** So many times the least, and no more, is next to nothing. */
const REST = 1.5;
/** What is left of a rate with each look in which lanes did not ask for so much. */
const UNUSED = 0.95;
/** Their share more with each look: the longer ago the last lateness is, the bolder. */
const MORE = { eachSecond: 0.002, most: 0.03, whereNoneIsReady: 0.3 };
/**
 * The rate at which ready deliveries became late is met again carefully: lanes come back to so much of it, and the
 * bound rises by that share each second.
 */
const BOUND = { of: 0.7, moreEachSecond: 0.03 };
/** Lateness sooner after another is of the same cause, and the rate meanwhile says nothing, milliseconds. */
const SAME_CAUSE_MS = 6_000;
/** What is not used soon is lost, so that lanes begin evenly spread, milliseconds. */
const SAVED_MS = 20;

/** How many deliveries lanes began since a time. */
interface Begun {
  since: number;
  count: number;
}

/**
 * How fast deliveries from lanes may begin. They are late anyway, and drain as
 * fast as the machine can, which would make ready ones late too. So they slow
 * down while ready ones are taken up later than usual, and then come back first
 * slowly and later faster, until they come near the pace at which that
 * happened: it is met seldom. A rate and not a number of places: where receivers are quick, a few
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
  private lateAt = -Infinity;
  private bound = Infinity;
  private ready = 0;
  private readyPerSecond = 0;
  private readonly comesIn: ComesIn;
  private readonly lateness = new Lateness();
  /** How late ready deliveries were in each look of this second. */
  private looks: number[] = [];
  private readonly usual = new Usual(USUAL_SOON);
  private soon: Begun;
  private readonly tail = new Lateness();
  private readonly usualTail = new Usual(USUAL_TAIL);
  private late: Begun;

  /** @param now by a clock that never goes back, milliseconds */
  constructor(now: number) {
    this.creditAt = this.lookedAt = now;
    this.comesIn = new ComesIn(now);
    this.soon = { since: now, count: 0 };
    this.late = { since: now, count: 0 };
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
    this.soon.count++;
    this.late.count++;
  }

  /**
   * A ready delivery is taken up.
   * @param storedAt by the server's clock, milliseconds since 1970
   * @param now by ours
   */
  tookUp(storedAt: number, now: number): void {
    this.lateness.tookUp(storedAt, now);
    this.tail.tookUp(storedAt, now);
  }

  /** A ready delivery, which nothing but those before it keeps from being attempted, moves into a lane. */
  movedToLane(): void {
    this.comesIn.add();
  }

  /** To be called several times a second; `now` as in the constructor. */
  look(now: number): void {
    const late = this.lateness.quantile(SOON.quantile);
    if (late !== undefined) this.looks.push(late);
    this.ready += this.lateness.count;
    this.lateness.reset();
    if (now - this.soon.since >= SOON.everyMs) this.judge(now);
    if (now - this.late.since >= TAIL.everyMs && this.tail.count >= TAIL.of) this.judgeTail(now);
    this.bound *= 1 + (BOUND.moreEachSecond * (now - this.lookedAt)) / 1_000;
    if (this.heldBack) {
      const more = this.perSecond * (1 + this.share(now));
      this.perSecond = Math.max(this.perSecond, Math.min(this.bound, more));
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
    this.readyPerSecond = (this.ready * 1_000) / (now - this.soon.since);
    const latest = this.looks.sort((a, b) => b - a);
    this.slowDown(latest[Math.min(SOON.pauses, latest.length - 1)], this.usual, this.soon, now);
    this.soon = { since: now, count: 0 };
    this.looks = [];
    this.ready = 0;
  }

  private judgeTail(now: number): void {
    this.slowDown(this.tail.quantile(TAIL.quantile), this.usualTail, this.late, now);
    this.late = { since: now, count: 0 };
    this.tail.reset();
  }

  /**
   * Slows lanes down, where that is late; not below what they are left with.
   * @param late milliseconds; undefined where no ready delivery was taken up
   * @param begun by lanes since the last such judgement
   */
  private slowDown(late: number | undefined, usual: Usual, { since, count }: Begun, now: number): void {
    const passed = now - since;
    const used = (count * 1_000) / passed;
    const least = Math.max(
      LEAST.perSecond,
      LEAST.share * this.readyPerSecond,
      LEAST.ofWhatComesIn * this.comesIn.perSecond(now),
    );
    if (late !== undefined && usual.isLate(late, passed, used <= REST * least)) {
      if (now - this.lateAt > SAME_CAUSE_MS) this.bound = BOUND.of * used;
      this.lateAt = now;
      this.perSecond = Math.min(this.perSecond, used) * LESS;
    }
    this.perSecond = Math.max(this.perSecond, least);
  }

  /** How much more they may begin. */
  private share(now: number): number {
    if (this.readyPerSecond === 0 && this.ready === 0) {
      this.bound = Infinity;
      return MORE.whereNoneIsReady;
    }
    return Math.min(MORE.most, (MORE.eachSecond * (now - this.lateAt)) / 1_000);
  }
}
