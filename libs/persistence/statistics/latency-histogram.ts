/**
 * Durations are counted by buckets that grow by 2^(1/8), eight an octave: the
 * bucket n holds the whole milliseconds from 2^(n/8) up to 2^((n+1)/8), and a
 * bucket of its own those below one. A duration is told by the geometric
 * middle of its bucket, so it is off by 4.5 % at most; up to 11 ms each
 * millisecond has its own bucket, and nothing is lost.
 */
const AN_OCTAVE = 8;
const PREFIX = 'latency.';
const BELOW_ONE = `${PREFIX}0ms`;

/** Under which name a duration is counted, in milliseconds. */
export function latencyName(ms: number): string {
  return ms < 1 ? BELOW_ONE : `${PREFIX}${Math.floor(AN_OCTAVE * Math.log2(ms))}`;
}

/** How far a percentile may be from the duration that it stands for, as a share of it. */
export const LATENCY_ERROR = 2 ** (1 / AN_OCTAVE / 2) - 1;

/** The middle of the whole milliseconds that a bucket holds. */
function middleOf(bucket: number): number {
  if (bucket < 0) return 0;
  const first = Math.ceil(2 ** (bucket / AN_OCTAVE));
  const last = Math.ceil(2 ** ((bucket + 1) / AN_OCTAVE)) - 1;
  return Math.sqrt(first * last);
}

/**
 * The durations that these shares of all counted ones do not exceed, in
 * milliseconds to a tenth (the nearest-rank definition).
 * @param shares ascending, each above 0 and up to 1
 * @returns one for each share; null where no duration was counted
 */
export function latencyPercentiles(
  counts: Readonly<Record<string, number>>,
  shares: readonly number[],
): (number | null)[] {
  const buckets: [bucket: number, count: number][] = [];
  let total = 0;
  for (const name in counts) {
    if (!name.startsWith(PREFIX)) continue;
    const count = counts[name] ?? 0;
    buckets.push([name === BELOW_ONE ? -1 : Number(name.slice(PREFIX.length)), count]);
    total += count;
  }
  if (total <= 0) return shares.map(() => null);
  buckets.sort(([a], [b]) => a - b);
  let at = 0;
  let seen = buckets[0]?.[1] ?? 0;
  return shares.map((share) => {
    const rank = Math.max(1, Math.ceil(share * total));
    while (seen < rank && at < buckets.length - 1) seen += buckets[++at]?.[1] ?? 0;
    return Math.round(middleOf(buckets[at]?.[0] ?? 0) * 10) / 10;
  });
}
