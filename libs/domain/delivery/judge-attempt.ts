import type { AttemptErrorKind } from '../journal/facts.js';
import { retryDelayMs, type RetryPolicy } from './retry-policy.js';

/** What an attempt brought, as far as it decides what comes next. */
export type AttemptResult = { status: number; headers: Record<string, string> } | { kind: AttemptErrorKind };

export type Verdict =
  | { outcome: 'success' }
  | { outcome: 'retrying'; delayMs: number }
  | { outcome: 'failed'; reason: 'retries_exhausted' | 'aborted_by_receiver' };

/**
 * Decides what becomes of a delivery after an attempt: 2xx is success, all
 * else a failure that is tried again as the policy has it.
 * @param attempt the number of the attempt that was made, 1 for the first
 * @param random from 0 up to 1, for the jitter
 * @param now milliseconds since 1970, against which a `Retry-After` date is read
 */
export function judgeAttempt(
  result: AttemptResult,
  policy: RetryPolicy,
  attempt: number,
  random: number,
  now: number,
): Verdict {
  if ('status' in result) {
    if (result.status >= 200 && result.status < 300) return { outcome: 'success' };
    if (result.headers['webhook-delivery'] === 'abort-message')
      return { outcome: 'failed', reason: 'aborted_by_receiver' };
  }
  const asked = 'status' in result ? retryAfterSeconds(result.headers['retry-after'], now) : 0;
  const delayMs = retryDelayMs(policy, attempt, random, asked);
  return delayMs === undefined
    ? { outcome: 'failed', reason: 'retries_exhausted' }
    : { outcome: 'retrying', delayMs };
}

/** The header `Retry-After` (RFC 9110, 10.2.3), seconds or a date, in seconds from now; 0 when it says nothing. */
function retryAfterSeconds(value: string | undefined, now: number): number {
  if (value === undefined) return 0;
  if (/^\d+$/.test(value.trim())) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? 0 : Math.max(0, (at - now) / 1000);
}
