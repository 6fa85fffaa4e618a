import type { AttemptErrorKind, WebhookRefused } from '../journal/facts.js';
import { retryAfterSeconds } from './retry-after.js';
import { retryDelayMs, type RetryPolicy } from './retry-policy.js';

/** What an attempt brought, as far as it decides what comes next. */
export type AttemptResult = { status: number; headers: Record<string, string> } | { kind: AttemptErrorKind };

/** All that decides what becomes of a delivery after an attempt. */
export interface AttemptToJudge {
  result: AttemptResult;
  policy: RetryPolicy;
  /** The number of the attempt that was made, 1 for the first. */
  attempt: number;
  /** When the delivery was owed, milliseconds since 1970. */
  owedAt: number;
  /** No retry is made later than this after it was owed, milliseconds. */
  maxAgeMs: number;
  /** From 0 up to 1, for the jitter. */
  random: number;
  /** Milliseconds since 1970. */
  now: number;
}

export type FailureReason =
  'retries_exhausted' | 'expired' | 'aborted_by_receiver' | 'disabled_by_receiver' | 'receiver_gone';

/** `refused`: the receiver wants nothing more, and its webhook is to be disabled. */
export type Verdict =
  | { outcome: 'success'; refused?: WebhookRefused['reason'] }
  | { outcome: 'retrying'; delayMs: number }
  | { outcome: 'failed'; reason: FailureReason; refused?: WebhookRefused['reason'] };

const GONE = 410;

/**
 * Decides what becomes of a delivery after an attempt: 2xx is success, all
 * else a failure that is tried again as the policy has it, unless the receiver
 * said that it wants no more of the delivery, or nothing more at all.
 */
export function judgeAttempt(made: AttemptToJudge): Verdict {
  const { result, policy, attempt, owedAt, maxAgeMs, random, now } = made;
  const { status, headers } = 'status' in result ? result : { status: 0, headers: {} };
  const word = headers['webhook-delivery']?.trim().toLowerCase();
  const succeeded = status >= 200 && status < 300;
  if (word === 'disable')
    return succeeded
      ? { outcome: 'success', refused: 'receiver_asked' }
      : { outcome: 'failed', reason: 'disabled_by_receiver', refused: 'receiver_asked' };
  if (succeeded) return { outcome: 'success' };
  if (status === GONE) return { outcome: 'failed', reason: 'receiver_gone', refused: 'receiver_gone' };
  if (word === 'abort-message') return { outcome: 'failed', reason: 'aborted_by_receiver' };
  const asked = retryAfterSeconds(headers['retry-after'], now);
  const delayMs = retryDelayMs(policy, attempt, random, asked);
  if (delayMs === undefined) return { outcome: 'failed', reason: 'retries_exhausted' };
  if (now + delayMs > owedAt + maxAgeMs) return { outcome: 'failed', reason: 'expired' };
  return { outcome: 'retrying', delayMs };
}
