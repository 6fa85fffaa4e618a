/** Up to here a run is quick, in milliseconds: a hundred times what most take. */
const QUICK_MS = 25;
/** Quick runs in a row after which a slow webhook is quick again; twice as many each time that it was slow anew. */
const REHABILITATION = 8;
const MAX_REHABILITATION = 1_024;
/** Webhooks that are remembered. */
const KNOWN = 20_000;

export const QUEUE_LIMITS = {
  /** Runs of one webhook that wait. */
  webhook: 256,
  /** Runs of all that wait. */
  all: 4_096,
  /** What the waiting runs hold, in bytes. */
  bytes: 128 * 1_048_576,
};

export type Pace = 'quick' | 'slow';

interface Item<T> {
  value: T;
  bytes: number;
}

interface Line<T> {
  webhook: string;
  waiting: Item<T>[];
  running: number;
  pace: Pace;
  /** Quick runs that are still to be seen before a slow webhook is quick. */
  owed: number;
  sentence: number;
}

/**
 * Who is next among webhooks whose runs wait. A webhook is quick until a run
 * of it takes long; then it is slow until some runs in a row were quick. Quick
 * ones never wait for slow ones, and within a pace it is each webhook's turn
 * in a circle, those first of which nothing runs.
 */
export class FairQueue<T> {
  private readonly lines = new Map<string, Line<T>>();
  /** Those that have runs waiting, whose turn it is first. */
  private circle: Line<T>[] = [];
  private count = 0;
  private bytes = 0;

  /** @param atOnce how many runs of one webhook may be under way at once */
  constructor(private readonly atOnce: number) {}

  /** Runs that wait. */
  get length(): number {
    return this.count;
  }

  /** @returns why there is no room; undefined when it waits now */
  add(webhook: string, value: T, bytes: number): string | undefined {
    const line = this.lineOf(webhook);
    if (line.waiting.length >= QUEUE_LIMITS.webhook)
      return `${QUEUE_LIMITS.webhook} runs of this webhook's transform wait already`;
    if (this.count >= QUEUE_LIMITS.all) return `${QUEUE_LIMITS.all} runs of transforms wait already`;
    if (this.bytes + bytes > QUEUE_LIMITS.bytes && this.count > 0)
      return `runs of transforms that wait hold ${QUEUE_LIMITS.bytes} bytes already`;
    if (line.waiting.length === 0) this.circle.push(line);
    line.waiting.push({ value, bytes });
    this.count++;
    this.bytes += bytes;
    return undefined;
  }

  /** The run whose turn it is among webhooks of these paces, which counts as running from here on. */
  next(paces: readonly Pace[]): { webhook: string; value: T } | undefined {
    for (const pace of paces) {
      const fits = (line: Line<T>) => line.pace === pace && line.running < this.atOnce;
      const line = this.circle.find((one) => fits(one) && one.running === 0) ?? this.circle.find(fits);
      if (line) return { webhook: line.webhook, value: this.taken(line) };
    }
    return undefined;
  }

  /** @param ms how long the run took; undefined when it did not take place */
  done(webhook: string, ms: number | undefined): void {
    const line = this.lineOf(webhook);
    line.running = Math.max(0, line.running - 1);
    if (ms === undefined) return;
    if (ms > QUICK_MS) {
      line.sentence = Math.min(line.sentence === 0 ? REHABILITATION : line.sentence * 2, MAX_REHABILITATION);
      line.owed = line.sentence;
      line.pace = 'slow';
    } else if (line.owed > 0 && --line.owed === 0) line.pace = 'quick';
  }

  /** Takes out all that waits. */
  drain(): T[] {
    const values = this.circle.flatMap((line) => line.waiting.splice(0).map(({ value }) => value));
    this.circle = [];
    this.count = 0;
    this.bytes = 0;
    return values;
  }

  private taken(line: Line<T>): T {
    const item = line.waiting.shift() as Item<T>;
    this.count--;
    this.bytes -= item.bytes;
    line.running++;
    this.circle = this.circle.filter((one) => one !== line);
    if (line.waiting.length > 0) this.circle.push(line);
    return item.value;
  }

  private lineOf(webhook: string): Line<T> {
    const known = this.lines.get(webhook);
    if (known) return known;
    if (this.lines.size >= KNOWN) this.forget();
    const line: Line<T> = { webhook, waiting: [], running: 0, pace: 'quick', owed: 0, sentence: 0 };
    this.lines.set(webhook, line);
    return line;
  }

  /** All at once and rarely, for a table with a steady coming and going keeps what is dead (ADR 0009). */
  private forget(): void {
    for (const [webhook, line] of this.lines)
      if (line.waiting.length === 0 && line.running === 0) this.lines.delete(webhook);
  }
}
