import { InHand, Linked } from '#bus';
import { GiveWay } from './give-way.js';

/** After that an attempt makes room at the front, milliseconds. */
const YOUNG_MS = 1_000;
const SWEEP_MS = 100;
/** How many more attempts may be under way behind the front than at it. */
const BEHIND_PER_PLACE = 8;
/** What deliveries from lanes leave of the front to ready ones: those are on time still. */
const SHARE_OF_LANES = 0.75;
/** What lanes cannot begin within that time waits better on the server: in hand it makes garbage collection longer. */
const IN_HAND_MS = 50;
/** So few cost little; with fewer, nearly each delivery is asked for by a request of its own. */
const LEAST_IN_HAND = 32;

/** An attempt's place among all that this process makes. */
export class FrontPlace extends Linked {
  readonly since = performance.now();
  /** It was moved behind the front. */
  behind = false;
  /** Told when that happens. */
  onBehind: (() => void) | undefined;

  constructor(readonly line: Line) {
    super();
  }
}

export type Line = 'ready' | 'lane';

/**
 * The places for attempts of one dispatcher, over all webhooks.
 *
 *   in line --> at the front --> over
 *                    `--> behind it (after a second) --> over
 *
 * A receiver that answers takes milliseconds; one that is slow or dead takes its
 * place for as long as its timeout. So an attempt counts at the front for its
 * first second only. What is behind has a bound too, half of which webhooks that
 * are known to be slow may fill.
 */
export class Front {
  private readonly held = new InHand<FrontPlace>();
  private readonly lines: Record<Line, ((place: FrontPlace) => void)[]> = { ready: [], lane: [] };
  private young = 0;
  private youngOfLanes = 0;
  private readonly way = new GiveWay(performance.now());
  private readonly sweeper: NodeJS.Timeout;
  private waiting: NodeJS.Timeout | undefined;

  /**
   * @param places attempts at once, those apart that take longer than a second
   * @param youngMs that second
   */
  constructor(
    private readonly places: number,
    private readonly youngMs = YOUNG_MS,
  ) {
    this.sweeper = setInterval(() => this.sweep(), SWEEP_MS);
    this.sweeper.unref();
  }

  /** The most attempts that can be under way with so many places at the front. */
  static mostUnderWay(places: number): number {
    return places * (1 + BEHIND_PER_PLACE);
  }

  get underWay(): number {
    return this.held.size;
  }

  /** Attempts under way at the front and behind it, and how many wait in each line for a place. */
  get counts(): { front: number; behind: number } & Record<Line, number> {
    const { ready, lane } = this.lines;
    return {
      front: this.young,
      behind: this.held.size - this.young,
      ready: ready.length,
      lane: lane.length,
    };
  }

  /** Whether there is room for attempts of which it is known that they will take long. */
  get admitsSlow(): boolean {
    return this.held.size - this.young < (this.places * BEHIND_PER_PLACE) / 2;
  }

  /** How many deliveries one lane is worth having in hand. */
  get worthInHand(): number {
    const soon = Math.max(LEAST_IN_HAND, (this.way.rate * IN_HAND_MS) / 1_000);
    return this.lines.lane.length > soon ? 1 : Math.ceil(soon);
  }

  /** Resolves when there is a place; ready deliveries come before those of lanes. */
  enter(line: Line): FrontPlace | Promise<FrontPlace> {
    if (this.hasRoomFor(line) && this.lines[line].length === 0) return this.take(line);
    return new Promise((resolve) => this.lines[line].push(resolve));
  }

  leave(place: FrontPlace): void {
    if (!this.held.delete(place)) return;
    if (!place.behind) this.leaveFront(place);
    this.letIn();
  }

  /** A ready delivery is taken up that was stored at that time, milliseconds since 1970. */
  tookUp(storedAt: number): void {
    this.way.tookUp(storedAt, Date.now());
  }

  /** A ready delivery, which nothing but those before it keeps from being attempted, moves into a lane. */
  movedToLane(): void {
    this.way.movedToLane();
  }

  close(): void {
    clearInterval(this.sweeper);
    clearTimeout(this.waiting);
  }

  private hasRoomFor(line: Line): boolean {
    if (this.young >= this.places || this.held.size >= Front.mostUnderWay(this.places)) return false;
    if (line === 'ready') return true;
    if (this.youngOfLanes >= Math.max(1, this.places * SHARE_OF_LANES)) return false;
    const inMs = this.way.msToNext(performance.now());
    if (inMs > 0) this.waiting ??= setTimeout(() => this.goOn(), inMs);
    return inMs === 0;
  }

  /** Lanes have waited long enough for the next to begin. */
  private goOn(): void {
    this.waiting = undefined;
    this.letIn();
  }

  private take(line: Line): FrontPlace {
    const place = new FrontPlace(line);
    this.held.add(place);
    this.young++;
    if (line === 'lane') {
      this.youngOfLanes++;
      this.way.began();
    }
    return place;
  }

  private letIn(): void {
    for (const line of ['ready', 'lane'] as const)
      while (this.lines[line].length > 0 && this.hasRoomFor(line))
        this.lines[line].shift()?.(this.take(line));
  }

  private leaveFront(place: FrontPlace): void {
    this.young--;
    if (place.line === 'lane') this.youngOfLanes--;
  }

  private sweep(): void {
    this.way.look(performance.now());
    const before = performance.now() - this.youngMs;
    const room = this.places * BEHIND_PER_PLACE;
    // They are in the order in which they came.
    for (const place of this.held) {
      if (place.since > before || this.held.size - this.young >= room) break;
      if (place.behind) continue;
      place.behind = true;
      this.leaveFront(place);
      place.onBehind?.();
    }
    this.letIn();
  }
}
