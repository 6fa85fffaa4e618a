import { TokenBuckets } from './token-buckets.js';

let now = 0;
const buckets = (capacity: number, perSecond: number, remembered?: number) =>
  new TokenBuckets({ capacity, perSecond }, remembered, () => now);

describe('a token bucket', () => {
  it('gives as many tokens at once as it holds, then one whenever one has come in', () => {
    const two = buckets(2, 0.5);
    expect([two.take('a').ok, two.take('a').ok]).toEqual([true, true]);
    expect(two.take('a')).toEqual({ ok: false, left: 0, retryAfterSeconds: 2 });
    now += 2_000;
    expect(two.take('a')).toEqual({ ok: true, left: 0, retryAfterSeconds: 2 });
  });

  it('never holds more than it can', () => {
    const one = buckets(1, 100);
    one.take('a');
    now += 60_000;
    expect([one.take('a').ok, one.take('a').ok]).toEqual([true, false]);
  });

  it('is one for each name, and looking takes nothing', () => {
    const one = buckets(1, 1);
    one.take('a');
    expect([one.look('a').ok, one.look('b').ok, one.look('b').ok, one.take('b').ok]).toEqual([
      false,
      true,
      true,
      true,
    ]);
  });

  it('is forgotten when too many others were used after it', () => {
    const few = buckets(1, 0.001, 2);
    for (const name of ['a', 'b', 'c']) few.take(name);
    expect(few.size).toBe(2);
    expect([few.look('a').ok, few.look('c').ok]).toEqual([true, false]);
  });
});
