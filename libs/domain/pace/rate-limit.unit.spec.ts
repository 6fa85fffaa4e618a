import fc from 'fast-check';
import { RateWindow, SLOTS_A_PERIOD, type RateSnapshot } from './rate-limit.js';

const T = 1_795_000_000_000;
const hourly = (limit: number) => ({ limit, period_seconds: 3600 });
const HOUR = 3_600_000;
const slotMs = (periodMs: number) => Math.ceil(periodMs / SLOTS_A_PERIOD);
const SLOT = slotMs(HOUR);

/** Attempts that began and ended at once. */
function ended(window: RateWindow, ...times: number[]): void {
  for (const at of times) {
    expect(window.take(at)).toBe(true);
    window.ended(at);
  }
}

describe('a rate window', () => {
  it('gives as many units as its limit and then none until a period after the first ended', () => {
    const window = new RateWindow(hourly(3));
    ended(window, T, T + 1000, T + 2000);
    expect(window.take(T + 3000)).toBe(false);
    expect(window.freeAt(T + 3000)).toBeGreaterThan(T + HOUR);
    expect(window.freeAt(T + 3000)).toBeLessThanOrEqual(T + HOUR + SLOT);
    expect(window.free(window.freeAt(T + 3000))).toBeGreaterThan(0);
  });

  it('counts an attempt under way as used, however long it takes', () => {
    const window = new RateWindow(hourly(1));
    window.take(T);
    expect(window.free(T + 10 * HOUR)).toBe(0);
    expect(window.freeAt(T + 10 * HOUR)).toBe(Infinity);
    window.ended(T + 10 * HOUR);
    expect(window.free(T + 11 * HOUR - 1)).toBe(0);
    expect(window.free(T + 11 * HOUR + SLOT)).toBe(1);
  });

  it('counts what another home has used of the same limit, what was under way there as ended now', () => {
    const window = new RateWindow(hourly(4));
    ended(window, T + 2000);
    window.add({ open: 1, slots: [[T + SLOT, 1]] }, T + 3000);
    expect(window.free(T + 3000)).toBe(1);
    expect(window.isExceeded(T + 3000)).toBe(false);
    window.add({ open: 2, slots: [] }, T + 3000);
    expect(window.free(T + 3000)).toBe(0);
    expect(window.isExceeded(T + 3000)).toBe(true);
    expect(window.free(T + 3000 + HOUR + SLOT)).toBe(4);
  });

  it('is free at once while units are left', () => {
    const window = new RateWindow(hourly(2));
    window.take(T);
    expect(window.freeAt(T + 5)).toBe(T + 5);
  });

  it('gives back at once what the receiver cannot have seen', () => {
    const window = new RateWindow(hourly(1));
    window.take(T);
    window.untake();
    expect(window.free(T)).toBe(1);
  });

  it('keeps a bounded number of slots, however many attempts there were', () => {
    const window = new RateWindow(hourly(1_000_000));
    for (let at = T; at < T + 3 * HOUR; at += 997) ended(window, at);
    expect(window.snapshot().slots.length).toBeLessThanOrEqual(SLOTS_A_PERIOD + 1);
  });

  it('counts what was under way when its process died as ended when it is restored', () => {
    const window = new RateWindow(hourly(2));
    window.take(T);
    const next = RateWindow.restore(hourly(2), window.snapshot(), T + 60_000);
    expect(next.free(T + 60_000)).toBe(1);
    expect(next.free(T + 60_000 + HOUR)).toBe(1);
    expect(next.free(T + 60_000 + HOUR + SLOT)).toBe(2);
  });

  it('restores what JSON made of its snapshot', () => {
    const window = new RateWindow(hourly(5));
    ended(window, T, T + SLOT);
    window.take(T + SLOT);
    const read = JSON.parse(JSON.stringify(window.snapshot())) as RateSnapshot;
    expect(RateWindow.restore(hourly(5), read, T + 2 * SLOT).free(T + 2 * SLOT)).toBe(2);
  });

  it('allows nothing under a lowered limit until less than that is remembered', () => {
    const window = new RateWindow(hourly(4));
    ended(window, T, T + 2 * SLOT, T + 4 * SLOT, T + 6 * SLOT);
    window.change(hourly(2), T + 7 * SLOT);
    expect(window.free(T + HOUR + 2 * SLOT)).toBe(0);
    expect(window.freeAt(T + 7 * SLOT)).toBeGreaterThan(T + 4 * SLOT + HOUR);
    expect(window.free(T + HOUR + 5 * SLOT)).toBe(1);
  });

  it('waits no longer than a shortened period', () => {
    const window = new RateWindow({ limit: 1, period_seconds: 86_400 });
    ended(window, T);
    window.change({ limit: 1, period_seconds: 1 }, T);
    expect(window.freeAt(T)).toBeLessThanOrEqual(T + 1000 + slotMs(1000));
  });

  it('refuses an end without a beginning', () => {
    expect(() => new RateWindow(hourly(1)).ended(T)).toThrow('under way');
  });
});

interface Seen {
  start: number;
  /** When it was over for the receiver. */
  end: number;
  /** When it is over for the window: later, where a crash kept the end from being saved. */
  counted: number;
}

/** One thing that happens, a share of the period after the one before. */
const step = fc.record({
  share: fc.oneof(
    fc.constant(0),
    fc.double({ min: 0, max: 0.02, noNaN: true }),
    fc.double({ min: 0, max: 1.2, noNaN: true }),
  ),
  what: fc.oneof(
    { weight: 4, arbitrary: fc.constant('take' as const) },
    // As a lane does: at the very moment at which one is free.
    { weight: 3, arbitrary: fc.constant('wait and take' as const) },
    { weight: 5, arbitrary: fc.constant('end' as const) },
    { weight: 1, arbitrary: fc.constant('crash' as const) },
  ),
  which: fc.nat(),
});
const rates = fc.record({
  limit: fc.integer({ min: 1, max: 8 }),
  period_seconds: fc.constantFrom(1, 2, 7, 60, 3600, 86_400),
});

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Lives through the steps and looks at the window after each. */
class Story {
  readonly all: Seen[] = [];
  now = T;
  window: RateWindow;
  private saved: RateSnapshot = { open: 0, slots: [] };
  private readonly unsaved = new Set<Seen>();

  constructor(public rate: { limit: number; period_seconds: number }) {
    this.window = new RateWindow(rate);
  }

  get periodMs(): number {
    return this.rate.period_seconds * 1000;
  }

  live({ share, what, which }: Step): void {
    const freeAt = this.window.freeAt(this.now);
    if (what !== 'wait and take') this.now += Math.round(share * this.periodMs);
    else if (freeAt < Infinity) this.now = freeAt;
    const open = this.all.filter(({ end }) => end === Infinity);
    if (what.endsWith('take') && this.window.take(this.now)) {
      this.all.push({ start: this.now, end: Infinity, counted: Infinity });
      // As the dispatcher does: stored before the attempt.
      this.saved = this.window.snapshot();
      this.unsaved.clear();
    } else if (what === 'end' && open.length > 0) {
      const attempt = open[which % open.length]!;
      attempt.end = attempt.counted = this.now;
      this.unsaved.add(attempt);
      this.window.ended(this.now);
    } else if (what === 'crash') {
      for (const attempt of open) {
        attempt.end = this.now;
        // Nothing is saved by a restart: the next crash counts them from then on once more.
        this.unsaved.add(attempt);
      }
      for (const attempt of this.unsaved) attempt.counted = this.now;
      this.window = RateWindow.restore(this.rate, this.saved, this.now);
    }
  }

  /** How many attempts a window of the period that ends at this time may hold, nothing before `since` counted. */
  held(at: number, since = 0): number {
    // Both ends included: a clock of whole milliseconds may have hidden the rest of one.
    const from = Math.max(at - this.periodMs, since);
    return this.all.filter(({ start, end }) => start <= at && end >= from).length;
  }

  /** What an exact memory with ends rounded up by so much would leave. */
  exactFree(rounding: number): number {
    const used = this.all.filter(({ counted }) => counted + this.periodMs + rounding > this.now).length;
    return Math.max(0, this.rate.limit - used);
  }
}

describe('for any arrivals, durations and crashes', () => {
  const steps = fc.array(step, { minLength: 1, maxLength: 80 });

  it('no window of the period holds more attempts than the limit, whenever the receiver saw them', () => {
    fc.assert(
      fc.property(rates, steps, (rate, all) => {
        const story = new Story(rate);
        for (const one of all) story.live(one);
        // The fullest windows end where an attempt begins.
        for (const { start } of story.all) expect(story.held(start)).toBeLessThanOrEqual(rate.limit);
      }),
      { numRuns: 500 },
    );
  });

  it('a unit comes free no more than one slot later than it could', () => {
    fc.assert(
      fc.property(rates, steps, (rate, all) => {
        const story = new Story(rate);
        for (const one of all) {
          story.live(one);
          const free = story.window.free(story.now);
          expect(free).toBeGreaterThanOrEqual(story.exactFree(slotMs(story.periodMs)));
          expect(free).toBeLessThanOrEqual(story.exactFree(0));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('freeAt is the first moment at which one is free', () => {
    fc.assert(
      fc.property(rates, steps, (rate, all) => {
        const story = new Story(rate);
        for (const one of all) story.live(one);
        const { window, now } = story;
        const at = window.freeAt(now);
        if (at === Infinity) return;
        if (at > now) expect(window.free(at - 1)).toBe(0);
        expect(window.free(at)).toBeGreaterThan(0);
      }),
    );
  });

  it('a changed limit holds over all that was remembered at the change', () => {
    fc.assert(
      fc.property(rates, rates, steps, steps, (before, after, first, then) => {
        const story = new Story(before);
        for (const one of first) story.live(one);
        const known = story.now - story.periodMs;
        const made = story.all.length;
        story.rate = after;
        story.window.change(after, story.now);
        for (const one of then) story.live(one);
        for (const { start } of story.all.slice(made))
          expect(story.held(start, known + 1)).toBeLessThanOrEqual(after.limit);
      }),
      { numRuns: 500 },
    );
  });
});
