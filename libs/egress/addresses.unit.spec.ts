import fc from 'fast-check';
import { AddressGuard } from './address-guard.js';

const guard = new AddressGuard({ allow: [], http: true, ports: 'any' });

/** IANA's special-purpose registries, the ranges of which nothing may be reached. */
const CLOSED: [network: string, bits: number][] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const numberOf = (dotted: string) => dotted.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
const dottedOf = (n: number) => [24, 16, 8, 0].map((shift) => Math.floor(n / 2 ** shift) % 256).join('.');
const isClosed = (n: number) =>
  CLOSED.some(([network, bits]) => {
    const size = 2 ** (32 - bits);
    return n >= numberOf(network) && n < numberOf(network) + size;
  });

/** The ways in which URLs spell an IPv4 address. */
const SPELLINGS: ((n: number) => string)[] = [
  dottedOf,
  (n) => `${n}`,
  (n) => `0x${n.toString(16)}`,
  (n) => `0${n.toString(8)}`,
  (n) =>
    dottedOf(n)
      .split('.')
      .map((octet) => `0x${Number(octet).toString(16)}`)
      .join('.'),
  (n) =>
    dottedOf(n)
      .split('.')
      .map((octet) => `0${Number(octet).toString(8)}`)
      .join('.'),
  (n) => `${Math.floor(n / 2 ** 24)}.${n % 2 ** 24}`,
  (n) => `${Math.floor(n / 2 ** 24)}.${Math.floor(n / 2 ** 16) % 256}.0x${(n % 2 ** 16).toString(16)}`,
  (n) => `${dottedOf(n)}.`,
  (n) => dottedOf(n).replaceAll('.', '。'),
  (n) => dottedOf(n).replace(/\d/g, (digit) => `%3${digit}`),
  (n) => `[::ffff:${dottedOf(n)}]`,
  (n) => `[0:0:0:0:0:ffff:${Math.floor(n / 2 ** 16).toString(16)}:${(n % 2 ** 16).toString(16)}]`,
];

describe('addresses', () => {
  it('are refused at both ends of every closed range, and accepted right beside it', () => {
    for (const [network, bits] of CLOSED) {
      const first = numberOf(network);
      const last = first + 2 ** (32 - bits) - 1;
      for (const n of [first, last, Math.floor((first + last) / 2)])
        expect([dottedOf(n), guard.allowsAddress(dottedOf(n))]).toEqual([dottedOf(n), false]);
      for (const n of [first - 1, last + 1].filter((n) => n >= 0 && n < 2 ** 32 && !isClosed(n)))
        expect([dottedOf(n), guard.allowsAddress(dottedOf(n))]).toEqual([dottedOf(n), true]);
    }
    expect(guard.allowsAddress('255.255.255.255')).toBe(false);
  });

  it('are the same however they are spelled', () => {
    const near = fc
      .constantFrom(...CLOSED)
      .chain(([network, bits]) =>
        fc.integer({ min: 0, max: 2 ** (32 - bits) - 1 }).map((n) => numberOf(network) + n),
      );
    const address = fc.oneof(near, fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    fc.assert(
      fc.property(address, fc.constantFrom(...SPELLINGS), (n, spell) => {
        const url = `http://${spell(n)}/`;
        if (isClosed(n)) expect(guard.checkUrl(url)).toMatchObject({ ok: false });
        else if (guard.allowsAddress(dottedOf(n))) expect(guard.checkUrl(url)).toEqual({ ok: true });
      }),
      { numRuns: 5_000 },
    );
  });

  it('of IPv6 that carry one of IPv4 are refused in every closed range', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CLOSED), fc.nat(), ([network, bits], some) => {
        const n = numberOf(network) + (some % 2 ** (32 - bits));
        const [high, low] = [Math.floor(n / 2 ** 16).toString(16), (n % 2 ** 16).toString(16)];
        for (const form of [
          `::${high}:${low}`,
          `::ffff:${high}:${low}`,
          `::ffff:0:${high}:${low}`,
          `64:ff9b::${high}:${low}`,
          `64:ff9b:1::${high}:${low}`,
          `2002:${high}:${low}::1`,
          `2001:0:${high}:${low}::1`,
          `2600:1::5efe:${high}:${low}`,
        ])
          expect([form, guard.allowsAddress(form)]).toEqual([form, false]);
      }),
    );
  });

  it('that are none are refused', () => {
    for (const text of ['', 'example.com', '1.2.3', '999.1.1.1', '8.8.8.8 ', '::g'])
      expect(guard.allowsAddress(text)).toBe(false);
  });
});
