import fc from 'fast-check';
import { deliveryIdOf, derivedId, newId, timeOfId } from './ids.js';

describe('ids', () => {
  it('carry the time they were made for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (at) => {
        expect(timeOfId(newId('evt', at))).toBe(at);
      }),
    );
  });

  it('sort by that time', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), fc.nat(2 ** 40), (a, b) => {
        fc.pre(a !== b);
        expect(newId('dlv', a) < newId('dlv', b)).toBe(a < b);
      }),
    );
  });

  it('never repeat', () => {
    const made = new Set(Array.from({ length: 10_000 }, () => newId('att', 1)));
    expect(made.size).toBe(10_000);
  });

  it('of deliveries follow from event, webhook and time', () => {
    expect(deliveryIdOf('evt_1', 'wh_1', 5)).toBe(deliveryIdOf('evt_1', 'wh_1', 5));
    expect(deliveryIdOf('evt_1', 'wh_1', 5)).not.toBe(deliveryIdOf('evt_1', 'wh_2', 5));
    expect(derivedId('dlv', 0, 'x')).toMatch(/^dlv_0{10}[0-9a-hjkmnp-tv-z]{16}$/);
  });

  it('that publishers chose carry no time', () => {
    expect(timeOfId('order-17')).toBeUndefined();
  });
});
