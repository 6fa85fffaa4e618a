import { Usual } from './usual.js';

describe('what is usual', () => {
  let usual: Usual;
  beforeEach(() => {
    usual = new Usual({ leastMs: 2, followsLessMs: 2_000, followsMoreMs: 60_000, most: 10 });
  });

  const after = (seconds: number, late: number, innocent = true) => {
    let isLate = false;
    for (let second = 0; second < seconds; second++) isLate = usual.isLate(late, 1_000, innocent);
    return isLate;
  };

  it('makes late what is later than it by half, and by more than the least', () => {
    expect(after(1, 2)).toBe(false);
    expect(after(1, 3)).toBe(true);
    after(600, 6);
    expect(after(1, 8)).toBe(false);
    expect(after(1, 10)).toBe(true);
  });

  it('becomes what is found within minutes when that is more, and within seconds when it is less', () => {
    expect(after(10, 8)).toBe(true);
    expect(after(300, 8)).toBe(false);
    after(10, 1);
    expect(after(1, 3)).toBe(true);
  });

  it('does not become what those make who are judged', () => {
    expect(after(600, 8, false)).toBe(true);
  });

  it('hardly becomes more by a flood of seconds, and never more than it may', () => {
    after(600, 1);
    after(10, 250);
    expect(after(1, 4)).toBe(true);
    after(3_600, 250);
    expect(after(1, 16)).toBe(true);
  });
});
