/** When a failed delivery is tried again. Times are in seconds, as in the API. */
export interface RetryPolicy {
  enabled: boolean;
  /** Retries after the first attempt, 0 to 50. */
  count: number;
  strategy: 'exponential' | 'linear' | 'fixed' | 'schedule';
  initial_delay_seconds: number;
  /** The base of `exponential`; the other strategies do not read it. */
  factor: number;
  /** No computed wait is longer; the waits of `schedule` are taken as they are written. */
  max_delay_seconds: number;
  /** Share of the wait, 0 to 1, by which it is made longer or shorter at random, within the longest wait. */
  jitter: number;
  /** The waits of `schedule`, in order; the last one repeats. */
  schedule_seconds: number[];
}

export const DEFAULT_RETRY: RetryPolicy = {
  enabled: true,
  count: 3,
  strategy: 'exponential',
  initial_delay_seconds: 1,
  factor: 2,
  max_delay_seconds: 60,
  jitter: 0.1,
  schedule_seconds: [],
};

/** Not even the receiver's own `Retry-After` puts a delivery off for longer. */
export const MAX_RETRY_AFTER_SECONDS = 24 * 60 * 60;

function plainDelay(policy: RetryPolicy, retry: number): number {
  switch (policy.strategy) {
    case 'exponential':
      // The power of a large factor is Infinity, and no number times 0.
      return policy.initial_delay_seconds && policy.initial_delay_seconds * policy.factor ** (retry - 1);
    case 'linear':
      return policy.initial_delay_seconds * retry;
    case 'fixed':
      return policy.initial_delay_seconds;
    case 'schedule':
      return policy.schedule_seconds[retry - 1] ?? policy.schedule_seconds.at(-1) ?? 0;
  }
}

/**
 * The wait before a retry, in milliseconds; undefined when there is none left.
 * @param retry 1 for the retry after the first attempt
 * @param random from 0 up to 1: the shortest and the longest wait that the jitter allows
 * @param retryAfterSeconds what the receiver asked for: the wait is then at least that long
 */
export function retryDelayMs(
  policy: RetryPolicy,
  retry: number,
  random: number,
  retryAfterSeconds = 0,
): number | undefined {
  if (!policy.enabled || retry > policy.count) return undefined;
  const longest = policy.strategy === 'schedule' ? Infinity : policy.max_delay_seconds;
  const plain = Math.min(plainDelay(policy, retry), longest);
  const low = plain * (1 - policy.jitter);
  // Spread below the longest wait, not cut off at it: else half of the waits there would be the same.
  const high = Math.min(plain * (1 + policy.jitter), longest);
  const jittered = low + (high - low) * random;
  const asked = Math.min(retryAfterSeconds, MAX_RETRY_AFTER_SECONDS);
  return Math.round(Math.max(jittered, asked) * 1000);
}
