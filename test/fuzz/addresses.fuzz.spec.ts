import fc from 'fast-check';
import { AddressGuard } from '../../libs/egress/index.js';
import { spelledUrls } from '../../libs/egress/testing/reference-addresses.js';

const seed = Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31);
const guard = new AddressGuard({ allow: [], http: true, ports: 'any' });

it(`the address of a URL is decided on as the registries say, however it is spelled (FUZZ_SEED=${seed})`, () => {
  fc.assert(
    fc.property(spelledUrls, ({ url, open }) => {
      if (guard.checkUrl(url).ok !== open) throw new Error(`${url} should be ${open ? 'open' : 'refused'}`);
    }),
    { seed, numRuns: 500_000 },
  );
});
