import type { RateLimit } from '../webhook/routed-webhook.js';

/** A rate window's state as JSON; times are milliseconds since 1970. */
export interface RateSnapshot {
  /** Attempts under way. */
  open: number;
  /** When a slot ended and how many attempts ended within it, the oldest first. */
  slots: [slotEnd: number, count: number][];
}

/** How finely a period is remembered: what a window keeps is bounded by it, whatever the limit is. */
export const SLOTS_A_PERIOD = 256;

/**
 * What a rate limit leaves, exact over any window of the period's length as the
 * receiver sees it.
 *
 *   free --take--> under way --ended--> remembered --a period later--> free
 *            `------- untake ------> free
 *
 * The receiver sees an attempt at some moment between its start and its end, so
 * a unit is used from the start until a period after the end. Ends are
 * remembered by slots of a 256th of the period and count until the slot is a
 * period old: at most one slot too long, never too short. A slot ends after the
 * millisecond that it holds, for a clock that counts whole ones has let go of
 * the rest.
 *
 * `now` is milliseconds since 1970 everywhere. Dispatchers that follow each
 * other are taken to have the same time, as NTP gives it.
 */
export class RateWindow {
  private open = 0;
  private slots: { end: number; count: number }[] = [];
  private remembered = 0;
  private limit: number;
  private periodMs: number;
  private slotMs: number;

  constructor(rate: RateLimit) {
    this.limit = rate.limit;
    this.periodMs = rate.period_seconds * 1000;
    this.slotMs = slotMsOf(this.periodMs);
  }

  /**
   * Goes on where a snapshot was taken. What was under way then counts as ended
   * now: its process is no more.
   */
  static restore(rate: RateLimit, snapshot: RateSnapshot, now: number): RateWindow {
    const window = new RateWindow(rate);
    window.add(snapshot, now);
    return window;
  }

  /** How many attempts may begin now. */
  free(now: number): number {
    this.forget(now);
    return Math.max(0, this.limit - this.open - this.remembered);
  }

  /** The earliest time at which an attempt may begin; Infinity while only the end of one under way can free it. */
  freeAt(now: number): number {
    this.forget(now);
    let lacking = this.open + this.remembered - this.limit + 1;
    if (lacking <= 0) return now;
    for (const { end, count } of this.slots) {
      lacking -= count;
      if (lacking <= 0) return end + this.periodMs;
    }
    return Infinity;
  }

  /**
   * Takes a unit for an attempt that is about to begin.
   * @returns false when none is free; nothing is taken then
   */
  take(now: number): boolean {
    if (this.free(now) === 0) return false;
    this.open++;
    return true;
  }

  /** An attempt has ended, however it did: the receiver may have seen it. */
  ended(now: number): void {
    this.close();
    const end = this.slotEnd(now);
    const last = this.slots.at(-1);
    // A clock that was put back gives an earlier slot; the latest one is the safe side.
    if (last && last.end >= end) last.count++;
    else this.slots.push({ end, count: 1 });
    this.remembered++;
  }

  /** Gives a unit back at once. Only for an attempt of which the receiver cannot have seen anything. */
  untake(): void {
    this.close();
  }

  /**
   * The limit holds from now on, with all that is still remembered. Where the
   * period grows, what the shorter one had forgotten stays forgotten.
   */
  change(rate: RateLimit, now: number): void {
    this.forget(now);
    this.limit = rate.limit;
    this.periodMs = rate.period_seconds * 1000;
    this.slotMs = slotMsOf(this.periodMs);
    this.remember(this.snapshot().slots, now);
  }

  /**
   * Counts what someone else has used of the same limit, as `restore` does: what
   * of it was known here already counts twice, which is the safe side.
   */
  add(snapshot: RateSnapshot, now: number): void {
    const ended: [number, number][] = snapshot.open > 0 ? [[this.slotEnd(now), snapshot.open]] : [];
    this.remember([...this.snapshot().slots, ...snapshot.slots, ...ended], now);
  }

  /** Whether more is used than the limit allows, for others have used of it too. */
  isExceeded(now: number): boolean {
    this.forget(now);
    return this.open + this.remembered > this.limit;
  }

  snapshot(): RateSnapshot {
    return { open: this.open, slots: this.slots.map(({ end, count }) => [end, count]) };
  }

  /** Takes over slots of any width. None of them can end later than one that ends now. */
  private remember(slots: [slotEnd: number, count: number][], now: number): void {
    const latest = this.slotEnd(now);
    const counts = new Map<number, number>();
    for (const [slotEnd, count] of slots) {
      const end = Math.min(Math.ceil(slotEnd / this.slotMs) * this.slotMs, latest);
      counts.set(end, (counts.get(end) ?? 0) + count);
    }
    this.slots = [...counts].map(([end, count]) => ({ end, count })).sort((a, b) => a.end - b.end);
    this.remembered = this.slots.reduce((sum, { count }) => sum + count, 0);
    this.forget(now);
  }

  private forget(now: number): void {
    let past = 0;
    for (const { end, count } of this.slots) {
      if (end + this.periodMs > now) break;
      this.remembered -= count;
      past++;
    }
    if (past > 0) this.slots.splice(0, past);
  }

  private close(): void {
    if (this.open === 0) throw new Error('No attempt of this rate window is under way that could end.');
    this.open--;
  }

  private slotEnd(now: number): number {
    return (Math.floor(now / this.slotMs) + 1) * this.slotMs;
  }
}

function slotMsOf(periodMs: number): number {
  return Math.max(1, Math.ceil(periodMs / SLOTS_A_PERIOD));
}
