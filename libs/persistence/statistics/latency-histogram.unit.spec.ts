import fc from 'fast-check';
import { addCounts, count, type Counts } from './counts.js';
import { LATENCY_ERROR, latencyName, latencyPercentiles } from './latency-histogram.js';

const countsOf = (durations: readonly number[]): Counts => {
  const counts: Counts = {};
  for (const ms of durations) count(counts, latencyName(ms));
  return counts;
};
const SHARES = [0.01, 0.5, 0.95, 0.99, 1];
const durations = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 0, max: 2_000 }),
    fc.integer({ min: 0, max: 400_000 }),
  ),
  { minLength: 1, maxLength: 200 },
);

describe('latencies that are counted by buckets', () => {
  it('are there when nothing was counted, as null', () => {
    expect(latencyPercentiles({ 'status.200': 3 }, SHARES)).toEqual(SHARES.map(() => null));
  });

  it('are exact up to 11 ms, where most of them lie in one place, and to 4.5 % beyond', () => {
    for (let ms = 0; ms <= 11; ms++) expect(latencyPercentiles(countsOf([ms]), [0.5])).toEqual([ms]);
    expect(LATENCY_ERROR).toBeLessThan(0.0443);
    for (const ms of [12, 100, 1_000, 30_000, 300_000, 2 ** 31 - 1])
      expect(Math.abs((latencyPercentiles(countsOf([ms]), [0.5])[0] ?? NaN) / ms - 1)).toBeLessThan(
        LATENCY_ERROR,
      );
  });

  it('give percentiles that are off by no more than is said', () => {
    fc.assert(
      fc.property(durations, (all) => {
        const sorted = [...all].sort((a, b) => a - b);
        latencyPercentiles(countsOf(all), SHARES).forEach((told, i) => {
          const exact = sorted[Math.max(0, Math.ceil((SHARES[i] ?? 0) * sorted.length) - 1)] ?? NaN;
          expect(Math.abs((told ?? NaN) - exact)).toBeLessThanOrEqual(exact * LATENCY_ERROR + 0.05);
        });
      }),
    );
  });

  it('of two times give by addition those of both together, not a mean of two percentiles', () => {
    fc.assert(
      fc.property(durations, durations, (one, other) => {
        const both = countsOf(one);
        addCounts(both, countsOf(other));
        expect(latencyPercentiles(both, SHARES)).toEqual(
          latencyPercentiles(countsOf([...one, ...other]), SHARES),
        );
      }),
    );
  });

  it('take some hundred names however many there are', () => {
    const names = new Set(Array.from({ length: 300_000 }, (_, ms) => latencyName(ms)));
    expect(names.size).toBeLessThan(150);
  });
});
