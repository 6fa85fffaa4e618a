import fc from 'fast-check';
import { InHand, Linked } from './in-hand.js';

class Thing extends Linked {
  constructor(readonly name: number) {
    super();
  }
}

describe('what is in hand', () => {
  it('is what a Set would hold, in the same order, whatever is added and deleted', () => {
    const steps = fc.array(fc.record({ adds: fc.boolean(), which: fc.nat(9) }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (taken) => {
        const things = Array.from({ length: 10 }, (_, name) => new Thing(name));
        const [hand, set] = [new InHand<Thing>(), new Set<Thing>()];
        for (const { adds, which } of taken) {
          const thing = things[which] as Thing;
          if (adds && !set.has(thing)) {
            hand.add(thing);
            set.add(thing);
          } else if (!adds) expect(hand.delete(thing)).toBe(set.delete(thing));
          expect([...hand]).toEqual([...set]);
          expect(hand.size).toBe(set.size);
        }
      }),
    );
  });

  it('may be deleted while it is looked through', () => {
    const hand = new InHand<Thing>();
    for (let name = 0; name < 5; name++) hand.add(new Thing(name));
    const seen: number[] = [];
    for (const thing of hand) {
      seen.push(thing.name);
      if (thing.name % 2 === 0) hand.delete(thing);
    }
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect([...hand].map(({ name }) => name)).toEqual([1, 3]);
    hand.clear();
    expect([hand.size, [...hand]]).toEqual([0, []]);
  });

  it('knows nothing of its neighbours once it is deleted', () => {
    const hand = new InHand<Thing>();
    const things = [0, 1, 2].map((name) => new Thing(name));
    for (const thing of things) hand.add(thing);
    const [, middle] = things as [Thing, Thing, Thing];
    hand.delete(middle);
    expect([middle.before, middle.after]).toEqual([undefined, undefined]);
  });
});
