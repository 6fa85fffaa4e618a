import { dayOf } from './day-partitions.js';

/** A part of the time that a list is about, in which one kind of statement serves. */
export interface Stretch {
  /** Milliseconds since 1970; the end is outside. */
  from: number;
  to: number;
  /** Whether all its days have the indexes of past days. */
  indexed: boolean;
}

const DAY_MS = 86_400_000;
/** Clocks of other machines may be ahead of this one: a list without an end goes so far beyond now. */
export const AHEAD_MS = 3_600_000;

/** Of one stretch, so that a statement does not take long where it finds nothing. */
const MOST_DAYS = 4;

/**
 * Cuts a time into stretches, the newest first. Days without indexes stand
 * alone. Days with them come together, each stretch twice as many as the one
 * before: what is frequent is found in the first, whose plan has one partition,
 * and what is rare costs few statements.
 * @param from milliseconds since 1970
 * @param to outside; milliseconds since 1970
 * @param isIndexed of a day, as dayOf gives it
 * @param mostDays of one stretch
 */
export function stretchesOf(
  from: number,
  to: number,
  isIndexed: (day: string) => boolean,
  mostDays = MOST_DAYS,
): Stretch[] {
  const stretches: Stretch[] = [];
  let days = 1;
  let end = to;
  while (end > from) {
    let start = beginningOfDay(end - 1);
    const indexed = isIndexed(dayOf(start));
    if (indexed) {
      for (let more = days - 1; more > 0 && start > from && isIndexed(dayOf(start - DAY_MS)); more--)
        start -= DAY_MS;
      days = Math.min(2 * days, mostDays);
    }
    stretches.push({ from: Math.max(from, start), to: end, indexed });
    end = start;
  }
  return stretches;
}

/** The beginning of the day that a time is in; both milliseconds since 1970. */
export function beginningOfDay(time: number): number {
  return Math.floor(time / DAY_MS) * DAY_MS;
}

/** The end of the day that the millisecond before a time is in; both milliseconds since 1970. */
export function endOfDay(time: number): number {
  return Math.ceil(time / DAY_MS) * DAY_MS;
}
