import { Fence, type Moment } from './fence.js';

function fenceAt(start: Moment) {
  let now = start;
  const fence = new Fence(6_000, () => now);
  return { fence, pass: (steady: number, wall: number) => (now = { steady, wall }) };
}

describe('a fence', () => {
  it('is down until a sign of life arrived', () => {
    expect(fenceAt({ steady: 0, wall: 0 }).fence.isUp).toBe(false);
  });

  it('is up for as long as a sign of life counts, from when it was sent', () => {
    const { fence, pass } = fenceAt({ steady: 1_000, wall: 50_000 });
    fence.renewed({ steady: 900, wall: 49_900 });
    expect(fence.leftMs).toBe(5_900);
    pass(6_899, 55_899);
    expect(fence.isUp).toBe(true);
    pass(6_900, 55_900);
    expect(fence.isUp).toBe(false);
  });

  it('is down after the machine slept, though the steady clock stood still', () => {
    const { fence, pass } = fenceAt({ steady: 1_000, wall: 50_000 });
    fence.renewed({ steady: 1_000, wall: 50_000 });
    pass(1_001, 90_000);
    expect(fence.isUp).toBe(false);
  });

  it('is not held up by a wall clock that was set back', () => {
    const { fence, pass } = fenceAt({ steady: 1_000, wall: 50_000 });
    fence.renewed({ steady: 1_000, wall: 50_000 });
    pass(7_001, 20_000);
    expect(fence.isUp).toBe(false);
  });

  it('stays down once it was brought down, until the next sign of life', () => {
    const { fence } = fenceAt({ steady: 1_000, wall: 50_000 });
    fence.renewed({ steady: 1_000, wall: 50_000 });
    fence.bringDown();
    expect(fence.isUp).toBe(false);
    fence.renewed({ steady: 1_000, wall: 50_000 });
    expect(fence.isUp).toBe(true);
  });
});
