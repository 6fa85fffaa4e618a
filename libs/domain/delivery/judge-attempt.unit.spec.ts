import { judgeAttempt, type AttemptResult } from './judge-attempt.js';
import { DEFAULT_RETRY } from './retry-policy.js';

const now = Date.parse('2026-11-22T10:00:00Z');
const policy = { ...DEFAULT_RETRY, jitter: 0 };
const judge = (result: AttemptResult, attempt = 1) => judgeAttempt(result, policy, attempt, 0.5, now);
const answer = (status: number, headers: Record<string, string> = {}) => ({ status, headers });

describe('after an attempt', () => {
  it.each([200, 201, 204, 299])('%i is success', (status) => {
    expect(judge(answer(status))).toEqual({ outcome: 'success' });
  });

  it.each([301, 302, 400, 404, 410, 429, 500, 503])('%i is tried again', (status) => {
    expect(judge(answer(status))).toEqual({ outcome: 'retrying', delayMs: 1000 });
  });

  it('an attempt without an answer is tried again', () => {
    expect(judge({ kind: 'timeout' }, 2)).toEqual({ outcome: 'retrying', delayMs: 2000 });
  });

  it('the last failure ends the delivery', () => {
    expect(judge(answer(500), 4)).toEqual({ outcome: 'failed', reason: 'retries_exhausted' });
  });

  it.each([
    ['seconds', '30', 30_000],
    ['a date', 'Sun, 22 Nov 2026 10:01:00 GMT', 60_000],
    ['a date gone by', 'Sun, 22 Nov 2026 09:00:00 GMT', 1000],
    ['nonsense', 'soon', 1000],
  ])('Retry-After as %s is heeded', (_title, value, delayMs) => {
    expect(judge(answer(503, { 'retry-after': value }))).toEqual({ outcome: 'retrying', delayMs });
  });

  it('the receiver may end the delivery', () => {
    expect(judge(answer(500, { 'webhook-delivery': 'abort-message' }))).toEqual({
      outcome: 'failed',
      reason: 'aborted_by_receiver',
    });
  });
});
