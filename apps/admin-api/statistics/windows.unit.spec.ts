import { LENGTH, readLength, stepsOf, windowSpan } from './windows.js';

const NOW = Date.parse('2026-01-31T12:34:56.789Z');
const long = readLength;
const at = (ms: number) => new Date(ms).toISOString().slice(0, 16);
const steps = (window: string, step?: string, hasMinutes = true) => {
  const found = stepsOf(long(window), step === undefined ? undefined : long(step), NOW, hasMinutes);
  if ('message' in found) return found.message;
  return [found.step.text, found.starts.length, at(found.starts[0] ?? 0), at(found.starts.at(-1) ?? 0)];
};

describe('lengths of time', () => {
  it.each([
    ['1m', 60_000],
    ['90m', 5_400_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ])('%s is %d ms', (text, ms) => {
    expect([LENGTH.test(text), readLength(text)]).toEqual([true, { text, ms }]);
  });

  it.each(['', '0h', '-1h', '1', 'h', '1.5h', '1w', '1 h', '01h', '1h1m', '1234567m', '１h'])(
    '%j is none',
    (text) => {
      expect(LENGTH.test(text)).toBe(false);
    },
  );
});

describe('a window', () => {
  it.each([
    ['24h', true, '2026-01-30T12:34', '2026-01-30T13:00'],
    ['48h', true, '2026-01-29T12:34', '2026-01-29T13:00'],
    ['49h', true, '2026-01-29T11:00', '2026-01-29T11:00'],
    ['7d', true, '2026-01-24T12:00', '2026-01-24T12:00'],
    ['10m', true, '2026-01-31T12:24', '2026-01-31T13:00'],
    ['24h', false, '2026-01-30T12:00', '2026-01-30T12:00'],
  ])(
    'of %s begins at a whole minute where minutes are there, else hour (minutes: %s)',
    (text, minutes, since, hours) => {
      const span = windowSpan(long(text), NOW, minutes);
      expect([at(span.since), at(span.hoursFrom), span.until]).toEqual([since, hours, NOW]);
    },
  );
});

describe('the steps of a window', () => {
  it.each([
    ['24h', '1h', '1h', 25, '2026-01-30T12:00', '2026-01-31T12:00'],
    ['30d', '1d', '1d', 31, '2026-01-01T00:00', '2026-01-31T00:00'],
    ['24h', '6h', '6h', 5, '2026-01-30T12:00', '2026-01-31T12:00'],
    ['1h', '15m', '15m', 5, '2026-01-31T11:30', '2026-01-31T12:30'],
    ['48h', '1m', '1m', 2_881, '2026-01-29T12:34', '2026-01-31T12:34'],
    ['90d', '1h', '1h', 2_161, '2025-11-02T12:00', '2026-01-31T12:00'],
    ['1h', '1d', '1d', 1, '2026-01-31T00:00', '2026-01-31T00:00'],
    ['3h', undefined, '1m', 181, '2026-01-31T09:34', '2026-01-31T12:34'],
    ['24h', undefined, '1h', 25, '2026-01-30T12:00', '2026-01-31T12:00'],
    ['30d', undefined, '1d', 31, '2026-01-01T00:00', '2026-01-31T00:00'],
  ])('of %s by %s are whole in UTC', (window, step, ...expected) => {
    expect(steps(window, step)).toEqual(expected);
  });

  it('fit what is counted by the hour alone', () => {
    expect(steps('1h', undefined, false)).toEqual(['1h', 2, '2026-01-31T11:00', '2026-01-31T12:00']);
    expect(steps('1h', '5m', false)).toMatch('event type');
  });

  it.each([
    ['49h', '30m', /1h at least for a window of more than 48h/],
    ['24h', '7m', /divide an hour/],
    ['24h', '90m', /divide an hour/],
    ['24h', '5h', /divide a day/],
    ['90d', '7d', /1d/],
  ])('of %s cannot be %s', (window, step, message) => {
    expect(steps(window, step)).toMatch(message);
  });
});
