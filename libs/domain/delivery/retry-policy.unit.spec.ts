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

  it('spreads the waits at the maximum below it', () => {
    const policy = { ...exact, jitter: 0.5, max_delay_seconds: 4 };
    expect([0, 0.5, 0.999].map((random) => retryDelayMs(policy, 5, random))).toEqual([2000, 3000, 3998]);
  });
});

const share = fc.double({ min: 0, max: 1, noNaN: true });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const policies = fc.record<RetryPolicy>({
  enabled: fc.constant(true),
  count: fc.integer({ min: 0, max: 50 }),
  strategy: fc.constantFrom('exponential', 'linear', 'fixed', 'schedule'),
  initial_delay_seconds: fc.double({ min: 0, max: 86_400, noNaN: true }),
  factor: fc.double({ min: 1, max: 100, noNaN: true }),
  max_delay_seconds: fc.double({ min: 0, max: 604_800, noNaN: true }),
  jitter: share,
  schedule_seconds: fc.array(fc.double({ min: 0, max: 2_592_000, noNaN: true }), {
    minLength: 1,
    maxLength: 50,
  }),
});
const retries = fc.integer({ min: 1, max: 60 });

describe('for any retry policy', () => {
  it('there are as many retries as its count says', () => {
    fc.assert(
      fc.property(policies, retries, random, (policy, retry, luck) => {
        expect(retryDelayMs(policy, retry, luck) !== undefined).toBe(retry <= policy.count);
        expect(retryDelayMs({ ...policy, enabled: false }, retry, luck)).toBeUndefined();
      }),
    );
  });

  it('no wait is negative, and none is above the maximum but by a schedule or by Retry-After', () => {
    const asked = fc.oneof(fc.constant(0), fc.double({ min: 0, noNaN: true }));
    fc.assert(
      fc.property(policies, retries, random, asked, (policy, retry, luck, seconds) => {
        const wait = retryDelayMs({ ...policy, count: 60 }, retry, luck, seconds)!;
        const heeded = Math.min(seconds, MAX_RETRY_AFTER_SECONDS) * 1000;
        const longest =
          policy.strategy === 'schedule'
            ? Math.max(...policy.schedule_seconds) * (1 + policy.jitter)
            : policy.max_delay_seconds;
        expect(wait).toBeGreaterThanOrEqual(Math.round(heeded));
        expect(wait).toBeLessThanOrEqual(Math.ceil(Math.max(longest * 1000, heeded)));
      }),
    );
  });

  it('waits never grow shorter without jitter, unless a schedule says so', () => {
    const growing = policies.filter(({ strategy }) => strategy !== 'schedule');
    fc.assert(
      fc.property(growing, (policy) => {
        const all = waits({ ...policy, jitter: 0 }).slice(0, -1) as number[];
        expect(all).toEqual([...all].sort((a, b) => a - b));
      }),
    );
  });

  it('jitter keeps within its share of the wait', () => {
    fc.assert(
      fc.property(policies, retries, random, (policy, retry, luck) => {
        const plain = retryDelayMs({ ...policy, count: 60, jitter: 0 }, retry, luck)!;
        const wait = retryDelayMs({ ...policy, count: 60 }, retry, luck)!;
        // Both are rounded to milliseconds.
        expect(wait).toBeGreaterThanOrEqual(plain * (1 - policy.jitter) - 1.5);
        expect(wait).toBeLessThanOrEqual(plain * (1 + policy.jitter) + 1.5);
      }),
    );
  });

  it('waits are finite, however large the factor and the count are', () => {
    const huge = fc.record({
      factor: fc.double({ min: 1, noNaN: true }),
      retry: fc.integer({ min: 1, max: 2 ** 31 }),
    });
    fc.assert(
      fc.property(policies, huge, random, (policy, { factor, retry }, luck) => {
        expect(Number.isFinite(retryDelayMs({ ...policy, factor, count: retry }, retry, luck))).toBe(true);
      }),
    );
  });
});
