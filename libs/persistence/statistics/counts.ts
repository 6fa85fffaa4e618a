import { latencyName } from './latency-histogram.js';

/**
 * Counts by name. Two bags about two times are one bag about both when they
 * are added, name by name; so every figure is made of sums, percentiles too.
 *
 *   events, events.unmatched, events.rejected
 *   deliveries.<status>            of the deliveries that were created then, as they stand now
 *   attempts.success, .failed      of the attempts that were made then
 *   attempts.dropped               for which a transform wanted nothing sent; in nothing below
 *   attempts.test                  of those with success and failure
 *   status.<code>, error.<kind>    of their answers and errors
 *   latency.<bucket>               of their durations (latency-histogram.ts)
 */
export type Counts = Record<string, number>;

/** Adds to a bag. What is nothing has no name in it. */
export function count(into: Counts, name: string, by = 1): void {
  const sum = (into[name] ?? 0) + by;
  if (sum === 0) delete into[name];
  else into[name] = sum;
}

export function addCounts(into: Counts, more: Counts): void {
  for (const name in more) count(into, name, more[name]);
}

/** An attempt as its row shows it. */
export interface CountedAttempt {
  trigger: string;
  duration_ms: number;
  response_status: number | null;
  error_kind: string | null;
}

/** Counts an attempt. One with neither answer nor error sent nothing, as its webhook's transform wanted: no success. */
export function countAttempt(into: Counts, attempt: CountedAttempt): void {
  const { trigger, duration_ms, response_status, error_kind } = attempt;
  if (response_status === null && error_kind === null) {
    count(into, 'attempts.dropped');
    return;
  }
  count(into, error_kind === null ? 'attempts.success' : 'attempts.failed');
  if (trigger === 'test') count(into, 'attempts.test');
  if (response_status !== null) count(into, `status.${response_status}`);
  if (error_kind !== null) count(into, `error.${error_kind}`);
  count(into, latencyName(duration_ms));
}
