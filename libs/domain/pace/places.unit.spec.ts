import fc from 'fast-check';
import { Places, placeSign, type PlaceSign } from './places.js';

function ended(places: Places, sign: PlaceSign, count: number): Places {
  for (let i = 0; i < count; i++) {
    places.began();
    places.ended(sign);
  }
  return places;
}

describe('the places of a webhook', () => {
  it('are two at first, or its concurrency when that is one', () => {
    expect(new Places(10).free).toBe(2);
    expect(new Places(1).free).toBe(1);
  });

  it('grow by one with each success, up to its concurrency', () => {
    expect(ended(new Places(10), 'taken', 3).size).toBe(5);
    expect(ended(new Places(10), 'taken', 100).size).toBe(10);
  });

  it('are halved by each attempt that did not reach it, down to one', () => {
    const places = ended(new Places(10), 'taken', 100);
    const sizes = Array.from({ length: 5 }, () => ended(places, 'unreached', 1).size);
    expect(sizes).toEqual([5, 2, 1, 1, 1]);
  });

  it('stay as they are when it answers with a failure', () => {
    expect(ended(new Places(10), 'neutral', 5).size).toBe(2);
  });

  it('are taken by attempts under way', () => {
    const places = new Places(10);
    places.began();
    expect([places.free, places.underWay]).toEqual([1, 1]);
    places.began();
    expect(places.free).toBe(0);
  });

  it('are none while more are under way than a lowered concurrency allows', () => {
    const places = ended(new Places(10), 'taken', 8);
    for (let i = 0; i < 10; i++) places.began();
    places.change(3);
    expect([places.size, places.free]).toEqual([3, 0]);
  });

  it('grow on to a raised concurrency', () => {
    const places = ended(new Places(1), 'taken', 5);
    places.change(8);
    expect(places.size).toBe(2);
    expect(ended(places, 'taken', 6).size).toBe(8);
  });

  it('are from one to its concurrency, whatever happens', () => {
    const signs = fc.array(fc.constantFrom<PlaceSign>('taken', 'unreached', 'neutral'), { maxLength: 50 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), signs, (concurrency, all) => {
        const places = new Places(concurrency);
        for (const sign of all) {
          ended(places, sign, 1);
          expect(places.size).toBeGreaterThanOrEqual(1);
          expect(places.size).toBeLessThanOrEqual(concurrency);
        }
        // However it went before, a receiver that answers again gets all of them.
        expect(ended(places, 'taken', concurrency).size).toBe(concurrency);
      }),
    );
  });
});

describe('the sign of an attempt for its places', () => {
  it.each<[string, Parameters<typeof placeSign>[0], PlaceSign]>([
    ['204', { status: 204 }, 'taken'],
    ['500', { status: 500 }, 'neutral'],
    ['a timeout', { kind: 'timeout' }, 'unreached'],
    ['a refused connection', { kind: 'connect' }, 'unreached'],
    ['a fault of ours', { kind: 'internal' }, 'neutral'],
  ])('of %s', (_title, result, sign) => {
    expect(placeSign(result)).toBe(sign);
  });
});
