import { ComesIn } from './comes-in.js';

describe('what goes on coming in', () => {
  let now: number;
  let comesIn: ComesIn;
  beforeEach(() => {
    now = 1_000;
    comesIn = new ComesIn(now);
  });

  function seconds(count: number, perSecond: number): number {
    let known = 0;
    for (let second = 0; second < count; second++) {
      for (let i = 0; i < perSecond; i++) comesIn.add();
      now += 1_000;
      known = comesIn.perSecond(now);
    }
    return known;
  }

  it('is known after a minute', () => {
    expect(seconds(59, 30)).toBe(0);
    expect(seconds(1, 30)).toBe(30);
  });

  it('is not a flood, however large', () => {
    seconds(60, 30);
    expect(seconds(15, 5_000)).toBe(30);
    expect(seconds(120, 30)).toBe(30);
  });

  it('is nothing ten seconds after it ends', () => {
    seconds(60, 30);
    expect(seconds(10, 0)).toBe(0);
  });
});
