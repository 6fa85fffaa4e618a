import fc from 'fast-check';
import { AddressGuard } from './address-guard.js';
import { isPublic4, isPublic6, spelledUrls } from './testing/reference-addresses.js';

const guard = new AddressGuard({ allow: [], http: true, ports: 'any' });

/** The same with many more addresses: test/fuzz/addresses.fuzz.spec.ts. */
describe('the address of a URL', () => {
  it('is decided on as the registries say, however it is spelled', () => {
    let open = 0;
    fc.assert(
      fc.property(spelledUrls, ({ url, open: expected }) => {
        expect([url, guard.checkUrl(url).ok]).toEqual([url, expected]);
        if (expected) open += 1;
      }),
      { numRuns: 5_000 },
    );
    // Neither answer is rare.
    expect(open).toBeGreaterThan(500);
    expect(open).toBeLessThan(4_500);
  });

  it('is known to the reference', () => {
    expect([isPublic4(0x08080808n), isPublic4(0x7f000001n), isPublic4(0xa83f8110n)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(isPublic6(0x2606_4700_4700_0000_0000_0000_0000_1111n)).toBe(true);
    expect([isPublic6(1n), isPublic6(0xffff_7f00_0001n), isPublic6(0xffff_0808_0808n)]).toEqual([
      false,
      false,
      true,
    ]);
  });
});
