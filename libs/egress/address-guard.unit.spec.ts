import type { lookup, LookupAddress } from 'node:dns';
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
    'wss://example.com/',
    'http://[::ffff:a83f:8110]/',
    'http://192.0.0.192/',
    'http://192.0.0.170/',
    'http://192.88.99.1/',
    'http://198.18.0.1/',
    'http://240.0.0.1/',
    'http://255.255.255.255/',
    'http://224.0.0.1/',
    'http://[::ffff:100.100.100.200]/',
    'http://[2001:20::1]/',
    'http://[2001:10::1]/',
    'http://[2001:2::1]/',
    'http://[100:0:0:1::1]/',
    'http://[::]:80/',
    'http://[::ffff:0:0]/',
    'http://１２７.０.０.１/',
    'http://127．0．0．1/',
    'http://127｡0｡0｡1/',
    'http://127%2e0%2e0%2e1/',
    'http://0x7F.0X0.00.1/',
    'http://00000000177.1/',
    'http://127.0.0.1..',
    'http://127.0.0.1%00.example.com/',
    'http://127.0.0.1%09/',
    'http://127.0.0.1%20/',
    'http://1\t27.0.0.1/',
    'http://127.0.\n0.1/',
    '\u0001http://127.0.0.1/',
    'h\nttp://127.0.0.1/',
    'http:\\/127.0.0.1\\a',
    'http:///127.0.0.1/',
    'https:////127.0.0.1/',
    'https:127.0.0.1',
    'https://example.com:443@127.0.0.1/',
    'https://:@example.com:0/',
    'https://example.com:0/',
    'https://example.com:00/',
    'https://example.com:65536/',
    'https://:443/',
    'https://./',
    'https://../',
    'https://a..example.com/',
    'https://example.com../',
    'https://.example.com/',
    'http://localhost.localdomain./',
    'http://LocalHost.LocalDomain/',
    'http://router.home.arpa/',
    'http://router.home.arpa./',
    'http://nas.lan/',
    'http://wiki.corp/',
    'http://app.internal./',
    'http://app.INTERNAL/',
    'http://app.internal%2e/',
    'http://app．internal/',
    'http://app.ｉnternal/',
    'http://l\u00adocalhost/',
    'http://localhos%74/',
    'http://xn--localhost/',
    'http://metadata/',
    'example.com',
    '//example.com/',
    'http://',
    '',
  ])('%s', (url) => {
    expect(guard.checkUrl(url)).toMatchObject({ ok: false });
  });

  it.each(['https://example.com:0443/', 'https://example.com:000443/'])(
    'has a port with zeros in front: it is the same port (%s)',
    (url) => {
      const only443 = new AddressGuard({ ...OPEN, ports: [443] });
      expect(only443.checkUrl(url)).toEqual({ ok: true });
      expect(only443.checkUrl(url.replace('443', '444'))).toMatchObject({ ok: false });
    },
  );

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
    // A backslash is a slash: the rest is a path of example.com.
    'https://example.com\\@127.0.0.1/',
    'https://internal.example.com/',
    'https://locals.example/',
    'https://notlocalhost.example/',
  ])('%s', (url) => {
    expect(guard.checkUrl(url)).toEqual({ ok: true });
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

  it('opens the name of this machine with its addresses, and no other inner name', () => {
    const inner = new AddressGuard({ ...OPEN, allow: ['10.0.0.0/8'] });
    for (const allow of ['127.0.0.0/8', '::1']) {
      const loopback = new AddressGuard({ ...OPEN, allow: [allow] });
      expect(loopback.checkUrl('http://localhost:8080/')).toEqual({ ok: true });
      expect(loopback.checkUrl('http://localhost./')).toEqual({ ok: true });
      expect(loopback.checkUrl('http://a.localhost/')).toMatchObject({ ok: false });
    }
    for (const url of [
      'http://localhost/',
      'http://postgres/',
      'http://app.default.svc/',
      'http://app.internal/',
    ])
      expect([url, inner.checkUrl(url)]).toMatchObject([url, { ok: false }]);
  });

  it('opens Azure and NAT64 only by their own addresses', () => {
    expect(
      new AddressGuard({ ...OPEN, allow: ['168.63.129.16'] }).allowsAddress('::ffff:168.63.129.16'),
    ).toBe(true);
    const nat64 = new AddressGuard({ ...OPEN, allow: ['64:ff9b::/96'] });
    expect(nat64.allowsAddress('64:ff9b::808:808')).toBe(true);
    expect(nat64.allowsAddress('10.0.0.1')).toBe(false);
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
