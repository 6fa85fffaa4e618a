import type { lookup, LookupAddress } from 'node:dns';
import fc from 'fast-check';
import { AddressGuard, BlockedAddressError, type EgressPolicy } from './address-guard.js';

const OPEN: EgressPolicy = { allow: [], http: true, ports: 'any' };
const guard = new AddressGuard(OPEN);

/** The guarded look-up, with a resolver that answers with these addresses. */
const looksUp = (addresses: string[], policy: EgressPolicy = OPEN) => {
  const resolve = ((_name: string, _options: object, callback: (e: null, all: LookupAddress[]) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as unknown as typeof lookup;
  const guarded = new AddressGuard(policy, resolve);
  return new Promise<LookupAddress[]>((found, failed) => {
    guarded.lookup('name.example', { all: true }, (error, all) =>
      error ? failed(error) : found(all as LookupAddress[]),
    );
  });
};

describe('a URL that must not be asked', () => {
  it.each([
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://0/',
    'http://①②⑦.⓪.⓪.①/',
    'http://127。0。0。1/',
    'http://%31%32%37.0.0.1/',
    'http://0x7f.1/',
    'http://017700000001/',
    'http://[::]/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'http://[::ffff:0:127.0.0.1]/',
    'http://[64:ff9b::a9fe:a9fe]/',
    'http://[64:ff9b:1::a9fe:a9fe]/',
    'http://[2002:a9fe:a9fe::]/',
    'http://[2001:0:7f00:1::]/',
    'http://[2001:db8::5efe:7f00:1]/',
    'http://[2600::5efe:10.0.0.1]/',
    'http://[2600::200:5efe:10.0.0.1]/',
    'http://[fe80::1]/',
    'http://[fe80::1%25eth0]/',
    'http://[fec0::1]/',
    'http://[fc00::1]/',
    'http://[fd00:ec2::254]/',
    'http://[ff02::1]/',
    'http://[100::1]/',
    'http://[2001:db8::1]/',
    'http://[3fff::1]/',
    'http://[5f00::1]/',
    'http://[4000::1]/',
    'http://169.254.169.254/',
    'http://2852039166/',
    'http://0251.0376.0251.0376/',
    'http://100.100.100.200/',
    'http://168.63.129.16/',
    'http://[::ffff:168.63.129.16]/',
    'http://metadata.google.internal/',
    'http://metadata.google.internal./',
    'http://localhost/',
    'http://localhost./',
    'http://LOCALHOST../',
    'http://a.localhost/',
    'http://ⓛocalhost/',
    'http://loc%61lhost',
    'http://localhost.localdomain/',
    'http://printer.local/',
    'http://postgres/',
    'http://postgres./',
    'http://kubernetes.default.svc/',
    'http://kubernetes.default.svc./',
    'http://kubernetes.default.svc.cluster.local/',
    'https://example.com@127.0.0.1/',
    'https://user:password@example.com/',
    'https://user@example.com/',
    'http://127.0.0.1\\@example.com/',
    'http:\\\\127.0.0.1/',
    'http:127.0.0.1/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'ftp://example.com/',
    'data:text/plain,x',
    'ws://example.com/',
    'javascript:alert(1)',
    'example.com',
    '//example.com/',
    'http://',
    '',
  ])('%s', (url) => {
    expect(guard.checkUrl(url)).toMatchObject({ ok: false });
  });

  it('goes to a port that the operator does not allow', () => {
    const ports = new AddressGuard({ ...OPEN, ports: [80, 443, 8443] });
    expect(ports.checkUrl('https://example.com:25/')).toEqual({
      ok: false,
      reason: 'must not use the port 25',
    });
    for (const url of ['https://example.com/', 'http://example.com/', 'https://example.com:8443/'])
      expect(ports.checkUrl(url)).toEqual({ ok: true });
  });

  it('is plain http where the operator wants https', () => {
    const secure = new AddressGuard({ ...OPEN, http: false });
    expect(secure.checkUrl('http://example.com/')).toMatchObject({ ok: false });
    expect(secure.checkUrl('https://example.com/')).toEqual({ ok: true });
  });
});

describe('a URL that may be asked', () => {
  it.each([
    'https://example.com/hook?a=1#b',
    'https://bücher.example/',
    'https://example.com./',
    'https://8.8.8.8/',
    'https://[2606:4700:4700::1111]/',
    'https://internal.example.com/',
    'https://locals.example/',
    'https://notlocalhost.example/',
  ])('%s', (url) => {
    expect(guard.checkUrl(url)).toEqual({ ok: true });
  });
});

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

describe('what the operator allows', () => {
  const opened = new AddressGuard({ ...OPEN, allow: ['10.1.0.0/16', '127.0.0.1', 'fd00:1::/32'] });

  it('is reachable, in every spelling, and nothing beside it', () => {
    for (const address of ['10.1.0.0', '10.1.255.255', '127.0.0.1', '::ffff:10.1.2.3', 'fd00:1::5'])
      expect([address, opened.allowsAddress(address)]).toEqual([address, true]);
    for (const address of ['10.0.255.255', '10.2.0.0', '127.0.0.2', 'fd00:2::5', '::1', '169.254.169.254'])
      expect([address, opened.allowsAddress(address)]).toEqual([address, false]);
    expect(opened.checkUrl('http://2130706433/')).toEqual({ ok: true });
  });

  it('is no CIDR: said at once', () => {
    expect(() => new AddressGuard({ ...OPEN, allow: ['10.1.0.0/33'] })).toThrow();
    expect(() => new AddressGuard({ ...OPEN, allow: ['intranet'] })).toThrow();
  });
});

describe('a name', () => {
  it('leads to the addresses that were checked', async () => {
    expect(await looksUp(['93.184.216.34', '2606:4700::1'])).toEqual([
      { address: '93.184.216.34', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  it.each([
    ['a private address', ['127.0.0.1']],
    ['a public address and a private one', ['93.184.216.34', '10.0.0.1']],
    ['the metadata service', ['169.254.169.254']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['no address', []],
  ])('that leads to %s is refused, without telling more', async (_what, addresses) => {
    await expect(looksUp(addresses)).rejects.toThrow(new BlockedAddressError());
  });

  it('leads where the operator allows', async () => {
    expect(await looksUp(['10.0.0.1'], { ...OPEN, allow: ['10.0.0.0/8'] })).toHaveLength(1);
  });
});
