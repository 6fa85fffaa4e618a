import { Rate } from './rate.js';

describe('a rate', () => {
  it('is that of the last whole second, or of this one when that has more already', () => {
    const rate = new Rate();
    for (let i = 0; i < 5; i++) rate.add(10_100);
    expect(rate.perSecond(10_900)).toBe(5);
    rate.add(11_000);
    expect(rate.perSecond(11_999)).toBe(5);
    for (let i = 0; i < 7; i++) rate.add(11_999);
    expect(rate.perSecond(11_999)).toBe(8);
  });

  it('is nothing when nothing happened for a whole second', () => {
    const rate = new Rate();
    rate.add(10_000);
    expect([rate.perSecond(11_999), rate.perSecond(12_000)]).toEqual([1, 0]);
  });
});
