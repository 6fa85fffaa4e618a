import { GiveWay } from './give-way.js';

const STORED = 1_795_000_000_000;
const LOOK_MS = 100;

let way: GiveWay;
let now: number;
beforeEach(() => {
  now = 5_000;
  way = new GiveWay(now);
});

/** A tenth of a second in which lanes begin as fast as they may, and ready deliveries are so late. */
function tenth(late: number[], { lanesWant = Infinity, clockAhead = 0 } = {}): number {
  let begun = 0;
  for (const end = now + LOOK_MS; now < end; now++) {
    while (begun < lanesWant && way.msToNext(now) === 0) {
      way.began();
      begun++;
    }
  }
  for (const ms of late) way.tookUp(STORED - clockAhead, STORED + ms);
  way.look(now);
  return begun;
}

function seconds(count: number, late: number[], options = {}): number[] {
  return Array.from({ length: count }, () => {
    let begun = 0;
    for (let i = 0; i < 10; i++) begun += tenth(late, options);
    return begun;
  });
}

describe('lanes', () => {
  it('begin evenly spread, at a rate that doubles in some seconds while nothing is late', () => {
    expect(tenth([0, 1])).toBeGreaterThanOrEqual(20);
    expect(tenth([0, 1])).toBeLessThanOrEqual(22);
    seconds(4, [0, 1]);
    expect(way.rate).toBeGreaterThan(500);
    expect(tenth([0, 1])).toBeCloseTo(way.rate / 10, -1.5);
  });

  it('slow down while ready deliveries are late, down to the least', () => {
    seconds(6, [0, 1]);
    const before = way.rate;
    seconds(1, [0, 30, 40]);
    expect(way.rate).toBeLessThan(before * 0.8);
    expect(way.rate).toBeGreaterThan(before * 0.5);
    seconds(10, [0, 30, 40]);
    expect(way.rate).toBe(50);
    expect(seconds(1, [0, 30, 40])[0]).toBeGreaterThanOrEqual(50);
  });

  it('are left a tenth of what ready deliveries begin, however late those are', () => {
    seconds(6, [0, 1]);
    seconds(10, [0, ...Array.from({ length: 199 }, () => 40)]);
    expect(way.rate).toBeCloseTo(200);
  });

  it('are left with more than comes into them, however late others are', () => {
    seconds(6, [0, 1]);
    const late = [0, ...Array.from({ length: 189 }, () => 40)];
    for (let i = 0; i < 300; i++) {
      for (let moved = 0; moved < 250; moved++) way.movedToLane();
      seconds(1, late);
    }
    expect(way.rate).toBeGreaterThan(480);
    expect(way.rate).toBeLessThan(510);
    seconds(300, late);
    expect(way.rate).toBeLessThan(200);
  });

  it('are left with no more for a backlog that came at once', () => {
    seconds(6, [0, 1]);
    const late = [0, ...Array.from({ length: 19 }, () => 40)];
    for (let moved = 0; moved < 100_000; moved++) way.movedToLane();
    seconds(20, late);
    for (let i = 0; i < 120; i++) {
      for (let moved = 0; moved < 5; moved++) way.movedToLane();
      const [begun] = seconds(1, late);
      expect(begun).toBeLessThan(60);
    }
  });

  it('are soon as fast as can be where no delivery is ready', () => {
    const [, , third] = seconds(3, []);
    expect(third).toBeGreaterThan(5_000);
  });

  it('come back slowly at first, and faster the longer nothing was late', () => {
    seconds(6, [0, 1]);
    seconds(10, [0, 30, 40]);
    const [first, , , , , , , , , tenthSecond] = seconds(10, [0, 1]);
    expect(first).toBeLessThan(60);
    expect(tenthSecond).toBeGreaterThan(120);
  });

  it('come back carefully to the pace at which others became late, and past it later', () => {
    seconds(6, [0, 1]);
    const tooMuch = way.rate;
    seconds(1, [0, 30, 40]);
    seconds(8, [0, 1]);
    expect(way.rate).toBeGreaterThan(0.6 * tooMuch);
    expect(way.rate).toBeLessThan(1.15 * tooMuch);
    seconds(30, [0, 1]);
    expect(way.rate).toBeGreaterThan(2 * tooMuch);
  });

  it('take no notice of one pause', () => {
    const onTime = Array.from({ length: 10 }, () => 1);
    seconds(6, onTime);
    const before = way.rate;
    tenth([100, 120, 130]);
    seconds(1, onTime);
    expect(way.rate).toBeGreaterThan(before);
  });

  it('are not held back for lateness that is there without them', () => {
    seconds(5, [0, 1]);
    for (let second = 0; way.rate < 100; second++) {
      expect(second).toBeLessThan(90);
      seconds(1, [0, 8, 9]);
    }
    // What they add to it is theirs.
    seconds(10, [0, 30, 40]);
    expect(way.rate).toBe(50);
  });

  it('do not keep a rate for long that they do not ask for', () => {
    seconds(6, [0, 1]);
    seconds(10, [0, 1], { lanesWant: 1 });
    expect(way.rate).toBe(200);
  });

  it('are not misled by a server whose clock differs', () => {
    for (const clockAhead of [-5_000, 5_000]) {
      way = new GiveWay(now);
      seconds(3, [0, 1], { clockAhead });
      expect(way.rate).toBeGreaterThan(300);
      seconds(10, [0, 30, 40], { clockAhead });
      expect(way.rate).toBe(50);
    }
  });
});
