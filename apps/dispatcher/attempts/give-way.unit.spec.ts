import { GiveWay } from './give-way.js';

const NOW = 1_795_000_000_000;

/** A tenth of a second in which deliveries were taken up so late. */
function tenth(way: GiveWay, late: number[], inUse: number, clockAhead = 0): number {
  for (const ms of late) way.tookUp(NOW + clockAhead - ms, NOW);
  way.adapt(inUse);
  return way.places;
}

describe('lanes', () => {
  it('have all their places while nothing is late', () => {
    const way = new GiveWay(192, 4);
    expect([tenth(way, [1, 2, 3], 100), tenth(way, [], 100)]).toEqual([192, 192]);
  });

  it('give way at once when ready deliveries are late, down to the least', () => {
    const way = new GiveWay(192, 4);
    expect(tenth(way, [0, 30, 40], 60)).toBe(40);
    for (let i = 0; i < 20; i++) tenth(way, [30, 40], way.places);
    expect(way.places).toBe(4);
  });

  it('come back place by place', () => {
    const way = new GiveWay(192, 4);
    tenth(way, [0, 30, 40], 15);
    expect([way.places, tenth(way, [1, 2], 10), tenth(way, [1, 2], 10)]).toEqual([10, 11, 12]);
  });

  it('are not misled by a server whose clock differs', () => {
    for (const ahead of [-5_000, 5_000]) {
      const way = new GiveWay(192, 4);
      expect(tenth(way, [1, 2, 3], 100, ahead)).toBe(192);
      expect(tenth(way, [1, 40, 40], 60, ahead)).toBe(40);
    }
  });

  it('never have none', () => {
    const way = new GiveWay(1, 0.1);
    for (let i = 0; i < 10; i++) tenth(way, [0, 500], 1);
    expect(way.places).toBe(1);
  });
});
