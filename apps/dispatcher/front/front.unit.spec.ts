import { setTimeout as sleep } from 'node:timers/promises';
import { Front, type FrontPlace, type Line } from './front.js';

let front: Front;
afterEach(() => front.close());

/** Asks for places; tells which are there by now. */
function asking(line: Line, count: number) {
  const places: FrontPlace[] = [];
  for (let i = 0; i < count; i++)
    void Promise.resolve(front.enter(line)).then((place) => {
      places.push(place);
    });
  return async () => {
    // Lanes begin one after the other, 200 a second at first.
    await sleep(50);
    return places;
  };
}

describe('the front', () => {
  it('has no more attempts than places, and lets in whoever waits when one leaves', async () => {
    front = new Front(4);
    const places = asking('ready', 6);
    expect(await places()).toHaveLength(4);
    front.leave((await places())[0]!);
    expect(await places()).toHaveLength(5);
    expect(front.underWay).toBe(4);
  });

  it('keeps some places for ready deliveries, and lets them in first', async () => {
    front = new Front(4);
    const lanes = asking('lane', 4);
    expect(await lanes()).toHaveLength(3);
    const ready = asking('ready', 2);
    expect(await ready()).toHaveLength(1);
    front.leave((await lanes())[0]!);
    expect([await lanes(), await ready()].map(({ length }) => length)).toEqual([3, 2]);
  });

  it('makes room for others after a while, and says so', async () => {
    front = new Front(2, 200);
    const places = asking('ready', 4);
    let told = 0;
    for (const place of await places()) place.onBehind = () => told++;
    await sleep(400);
    expect([(await places()).length, told, front.underWay]).toEqual([4, 2, 4]);
    expect(front.admitsSlow).toBe(true);
  });

  it('has a bound for what is behind it too', async () => {
    front = new Front(1, 50);
    const places = asking('ready', 20);
    await sleep(2_000);
    expect(await places()).toHaveLength(Front.mostUnderWay(1));
    expect(front.admitsSlow).toBe(false);
  });

  it('has lanes take few in hand, and next to none while many wait in line', async () => {
    front = new Front(100);
    expect(front.worthInHand).toBe(32);
    const lanes = asking('lane', 40);
    expect(front.counts.lane).toBeGreaterThan(30);
    expect(front.worthInHand).toBe(1);
    while (front.counts.lane > 0) await lanes();
    expect(front.worthInHand).toBeGreaterThanOrEqual(32);
  });

  it('is left once, however often that is said', async () => {
    front = new Front(1);
    const [place] = await asking('ready', 1)();
    front.leave(place!);
    front.leave(place!);
    expect(front.underWay).toBe(0);
    const places = asking('ready', 2);
    expect(await places()).toHaveLength(1);
  });
});
