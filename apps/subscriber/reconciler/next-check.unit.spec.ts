import fc from 'fast-check';
import { dueAt, GRACE_MS, nextCheck } from './next-check.js';

const NOW = Date.UTC(2026, 10, 22, 9);
const MINUTE = 60_000;

describe('an open delivery is looked at again', () => {
  it('when its retry and the grace are over; one that has no time of its own, after its last move', () => {
    expect(dueAt({ next_attempt_at: 5, updated_at: 1 })).toBe(5);
    expect(dueAt({ next_attempt_at: null, updated_at: 1 })).toBe(1);
  });

  it.each([
    ['due in 3 days', 3 * 24 * 60, 4_096],
    ['due in an hour', 60, 32],
    ['due now', 0, 1],
    ['almost through with its grace', -0.75, 0.5],
    ['overdue by a minute', -2, 4],
    ['overdue by an hour', -61, 8],
    ['overdue by a week', -7 * 24 * 60, 8],
  ])('%s: in %s minutes', (_what, dueInMinutes, minutes) => {
    expect((nextCheck(NOW + dueInMinutes * MINUTE, NOW) - NOW) / MINUTE).toBe(minutes);
  });

  it('never later than half a minute after its grace, and at few different times', () => {
    const waits = new Set<number>();
    fc.assert(
      fc.property(fc.integer({ min: -GRACE_MS + 1, max: 30 * 24 * 60 * MINUTE }), (dueIn) => {
        const wait = nextCheck(NOW + dueIn, NOW) - NOW;
        waits.add(wait);
        expect(wait).toBeGreaterThanOrEqual(30_000);
        expect(wait).toBeLessThanOrEqual(Math.max(dueIn + GRACE_MS, 30_000));
      }),
    );
    expect(waits.size).toBeLessThan(18);
  });
});
