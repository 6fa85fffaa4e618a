import fc from 'fast-check';
import { DEFAULT_RETRY, MAX_RETRY_AFTER_SECONDS, retryDelayMs, type RetryPolicy } from './retry-policy.js';

const exact: RetryPolicy = { ...DEFAULT_RETRY, jitter: 0, count: 5, max_delay_seconds: 3600 };
const waits = (policy: RetryPolicy) =>
  Array.from({ length: policy.count + 1 }, (_, i) => retryDelayMs(policy, i + 1, 0.5));

describe('the retry policy', () => {
  it.each<[string, Partial<RetryPolicy>, (number | undefined)[]]>([
    ['exponential doubles', {}, [1000, 2000, 4000, 8000, 16000, undefined]],
    ['exponential by another factor', { factor: 3, count: 3 }, [1000, 3000, 9000, undefined]],
    ['exponential stops at the maximum', { max_delay_seconds: 5 }, [1000, 2000, 4000, 5000, 5000, undefined]],
    [
      'linear adds',
      { strategy: 'linear', initial_delay_seconds: 60, count: 3 },
      [60_000, 120_000, 180_000, undefined],
    ],
    [
      'fixed repeats',
      { strategy: 'fixed', initial_delay_seconds: 5, count: 3 },
      [5000, 5000, 5000, undefined],
    ],
    [
      'schedule is read in order and its last wait repeats',
      { strategy: 'schedule', schedule_seconds: [1, 5, 30], count: 4 },
      [1000, 5000, 30_000, 30_000, undefined],
    ],
    ['none when switched off', { enabled: false, count: 1 }, [undefined, undefined]],
    ['none for count 0', { count: 0 }, [undefined]],
  ])('%s', (_title, change, expected) => {
    expect(waits({ ...exact, ...change })).toEqual(expected);
  });

  it('waits as long as the receiver asked, within a day', () => {
    expect(retryDelayMs(exact, 1, 0.5, 120)).toBe(120_000);
    expect(retryDelayMs(exact, 1, 0.5, 1e9)).toBe(MAX_RETRY_AFTER_SECONDS * 1000);
  });

  it('keeps jitter within its share', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (jitter, random) => {
          const wait = retryDelayMs({ ...exact, jitter }, 3, random) ?? -1;
          expect(wait).toBeGreaterThanOrEqual(Math.floor(4000 * (1 - jitter)));
          expect(wait).toBeLessThanOrEqual(Math.ceil(4000 * (1 + jitter)));
        },
      ),
    );
  });
});
