import fc from 'fast-check';
import { retryAfterSeconds } from './retry-after.js';

const now = Date.parse('2026-11-22T10:00:00Z');

describe('the header Retry-After', () => {
  it.each([
    ['seconds', '30', 30],
    ['seconds with spaces around', ' 30 ', 30],
    ['no seconds', '0', 0],
    ['a date', 'Sun, 22 Nov 2026 10:01:00 GMT', 60],
    ['a date as RFC 850 has it', 'Sunday, 22-Nov-26 10:01:00 GMT', 60],
    ['a date as asctime has it', 'Sun Nov 22 10:01:00 2026', 60],
    ['an asctime date with one digit', 'Tue Dec  1 10:00:00 2026', 9 * 86_400],
    ['a leap second', 'Sun, 22 Nov 2026 10:00:60 GMT', 60],
    ['a date gone by', 'Sun, 22 Nov 2026 09:00:00 GMT', 0],
    ['a short year that is past, not ahead', 'Sunday, 06-Nov-94 08:49:37 GMT', 0],
    ['a short year soon', 'Friday, 01-Jan-27 00:00:00 GMT', (Date.UTC(2027, 0, 1) - now) / 1000],
  ])('may be %s', (_title, value, seconds) => {
    expect(retryAfterSeconds(value, now)).toBe(seconds);
  });

  it.each([
    '',
    'soon',
    '3abc',
    '-1',
    '+5',
    '1.5',
    '1e9',
    '0x10',
    '30, 60',
    '2026-11-22T10:01:00Z',
    'Sun, 22 Nov 2026 10:01:00',
    'Sun, 22 Nov 2026 10:01:00 PST',
    'Sun, 31 Feb 2027 10:01:00 GMT',
    'Sun, 22 Nov 2026 24:01:00 GMT',
    'Sun, 22 Foo 2026 10:01:00 GMT',
  ])('says nothing as "%s"', (value) => {
    expect(retryAfterSeconds(value, now)).toBe(0);
  });

  it('is missing from most answers', () => {
    expect(retryAfterSeconds(undefined, now)).toBe(0);
  });

  it('is never negative or no number, whatever the receiver sends', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d+$/)), (value) => {
        expect(retryAfterSeconds(value, now)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('reads back every date that is written in the preferred form', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4_000_000_000 }), (seconds) => {
        const date = new Date(now + seconds * 1000).toUTCString();
        expect(retryAfterSeconds(date, now)).toBe(seconds);
      }),
    );
  });
});
