import { judgeAttempt, type AttemptResult, type AttemptToJudge } from './judge-attempt.js';
import { DEFAULT_RETRY, MAX_RETRY_AFTER_SECONDS } from './retry-policy.js';

const now = Date.parse('2026-11-22T10:00:00Z');
const HOUR = 3_600_000;
const first: Omit<AttemptToJudge, 'result'> = {
  policy: { ...DEFAULT_RETRY, jitter: 0 },
  attempt: 1,
  owedAt: now,
  maxAgeMs: 720 * HOUR,
  random: 0.5,
  now,
};
const judge = (result: AttemptResult, change: Partial<AttemptToJudge> = {}) =>
  judgeAttempt({ ...first, ...change, result });
const answer = (status: number, headers: Record<string, string> = {}) => ({ status, headers });

describe('after an attempt', () => {
  it.each([200, 201, 204, 299])('%i is success', (status) => {
    expect(judge(answer(status))).toEqual({ outcome: 'success' });
  });

  it.each([100, 301, 302, 400, 404, 429, 500, 503])('%i is tried again', (status) => {
    expect(judge(answer(status))).toEqual({ outcome: 'retrying', delayMs: 1000 });
  });

  it('an attempt without an answer is tried again', () => {
    expect(judge({ kind: 'timeout' }, { attempt: 2 })).toEqual({ outcome: 'retrying', delayMs: 2000 });
  });

  it('the last failure ends the delivery', () => {
    expect(judge(answer(500), { attempt: 4 })).toEqual({ outcome: 'failed', reason: 'retries_exhausted' });
  });

  it.each([302, 404, 429, 500, 503])('Retry-After on %i is heeded', (status) => {
    expect(judge(answer(status, { 'retry-after': '30' }))).toEqual({ outcome: 'retrying', delayMs: 30_000 });
  });

  it.each([
    ['a date', 'Sun, 22 Nov 2026 10:01:00 GMT', 60_000],
    ['a date gone by', 'Sun, 22 Nov 2026 09:00:00 GMT', 1000],
    ['less than the policy waits', '0', 1000],
    ['nonsense', '3abc', 1000],
    ['more than a day', '9'.repeat(400), MAX_RETRY_AFTER_SECONDS * 1000],
  ])('Retry-After as %s is heeded', (_title, value, delayMs) => {
    expect(judge(answer(503, { 'retry-after': value }))).toEqual({ outcome: 'retrying', delayMs });
  });
});

describe('a receiver', () => {
  it.each(['abort-message', ' Abort-Message '])('may end the delivery by "%s"', (word) => {
    expect(judge(answer(500, { 'webhook-delivery': word }))).toEqual({
      outcome: 'failed',
      reason: 'aborted_by_receiver',
    });
  });

  it('that is gone refuses what comes later too', () => {
    expect(judge(answer(410))).toEqual({
      outcome: 'failed',
      reason: 'receiver_gone',
      refused: 'receiver_gone',
    });
  });

  it.each(['disable', ' DISABLE\t'])('may refuse what comes later by "%s"', (word) => {
    expect(judge(answer(503, { 'webhook-delivery': word }))).toEqual({
      outcome: 'failed',
      reason: 'disabled_by_receiver',
      refused: 'receiver_asked',
    });
  });

  it('may take a delivery and refuse what comes later', () => {
    expect(judge(answer(200, { 'webhook-delivery': 'disable' }))).toEqual({
      outcome: 'success',
      refused: 'receiver_asked',
    });
  });

  it('that took a delivery cannot abort it, and other words say nothing', () => {
    expect(judge(answer(204, { 'webhook-delivery': 'abort-message' }))).toEqual({ outcome: 'success' });
    expect(judge(answer(500, { 'webhook-delivery': 'please' }))).toMatchObject({ outcome: 'retrying' });
  });
});

describe('a delivery grows too old', () => {
  const expired = { outcome: 'failed', reason: 'expired' };

  it('when its next retry would come after its age', () => {
    expect(judge(answer(500), { owedAt: now - HOUR, maxAgeMs: HOUR })).toEqual(expired);
    expect(judge(answer(500), { owedAt: now - HOUR, maxAgeMs: HOUR + 999 })).toEqual(expired);
    expect(judge(answer(500), { owedAt: now - HOUR, maxAgeMs: HOUR + 1000 })).toMatchObject({
      outcome: 'retrying',
    });
  });

  it('when Retry-After puts it beyond its age', () => {
    const owedAt = now - HOUR;
    expect(judge(answer(503, { 'retry-after': '7200' }), { owedAt, maxAgeMs: 2 * HOUR })).toEqual(expired);
  });

  it('but a success is a success at any age', () => {
    expect(judge(answer(200), { owedAt: now - HOUR, maxAgeMs: 0 })).toEqual({ outcome: 'success' });
  });

  it('and one without retries left is exhausted, not expired', () => {
    expect(judge(answer(500), { attempt: 4, maxAgeMs: 0 })).toMatchObject({ reason: 'retries_exhausted' });
  });
});
