import { stretchesOf } from './stretches.js';

const DAY_MS = 86_400_000;
const DAY = Date.parse('2026-03-10T00:00:00Z');
const at = (days: number) => DAY + days * DAY_MS;
/** As days from the tenth, with `+` where there are indexes. */
const shown = (from: number, to: number, isIndexed: (day: string) => boolean) =>
  stretchesOf(at(from), at(to), isIndexed).map(
    (stretch) =>
      `${(stretch.from - DAY) / DAY_MS}..${(stretch.to - DAY) / DAY_MS}${stretch.indexed ? '+' : ''}`,
  );

describe('the stretches that a list looks through', () => {
  it('are single days, the newest first, where there are no indexes', () => {
    expect(shown(-3, 0, () => false)).toEqual(['-1..0', '-2..-1', '-3..-2']);
  });

  it('double where there are indexes, up to four days', () => {
    expect(shown(-12, 0, () => true)).toEqual(['-1..0+', '-3..-1+', '-7..-3+', '-11..-7+', '-12..-11+']);
  });

  it('begin and end where they were told to, within a day too', () => {
    expect(shown(-1.5, 0.25, () => true)).toEqual(['0..0.25+', '-1.5..0+']);
    expect(shown(0.25, 0.5, () => false)).toEqual(['0.25..0.5']);
  });

  it('never hold days of both kinds', () => {
    const isIndexed = (day: string) => !['2026-03-09', '2026-03-06'].includes(day);
    expect(shown(-6, 0, isIndexed)).toEqual(['-1..0', '-2..-1+', '-3..-2+', '-4..-3', '-6..-4+']);
  });

  it('are none where the end is not after the beginning', () => {
    expect(shown(0, 0, () => true)).toEqual([]);
    expect(shown(1, 0, () => false)).toEqual([]);
  });

  it.each([0.3, 1, 7.7, 40])('cover %d days without a gap', (days) => {
    const stretches = stretchesOf(at(-days), at(0.5), (day) => day.endsWith('5') || day.endsWith('6'));
    expect(stretches[0]?.to).toBe(at(0.5));
    expect(stretches.at(-1)?.from).toBe(at(-days));
    for (const [n, { from }] of stretches.slice(0, -1).entries()) expect(stretches[n + 1]?.to).toBe(from);
  });
});
