import fc from 'fast-check';

/**
 * What may be reached, told apart from the guard: by IANA's special-purpose
 * address registries (IPv4, IPv6), multicast, and what carries an IPv4 address
 * in an IPv6 one; numbers only, and no library.
 */
const CLOSED_4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map(blockOf4);

const MAPPED = blockOf6('0:0:0:0:0:ffff:0:0/96');
const GIVEN_OUT = blockOf6('2000:0:0:0:0:0:0:0/3');
const CLOSED_6 = [
  '0:0:0:0:0:0:0:0/96',
  '0:0:0:0:ffff:0:0:0/96',
  '64:ff9b:0:0:0:0:0:0/96',
  '64:ff9b:1:0:0:0:0:0/48',
  '100:0:0:0:0:0:0:0/64',
  '100:0:0:1:0:0:0:0/64',
  '2001:0:0:0:0:0:0:0/23',
  '2001:0:0:0:0:0:0:0/32',
  '2001:2:0:0:0:0:0:0/48',
  '2001:3:0:0:0:0:0:0/32',
  '2001:4:112:0:0:0:0:0/48',
  '2001:10:0:0:0:0:0:0/28',
  '2001:20:0:0:0:0:0:0/28',
  '2001:30:0:0:0:0:0:0/28',
  '2001:db8:0:0:0:0:0:0/32',
  '2002:0:0:0:0:0:0:0/16',
  '2620:4f:8000:0:0:0:0:0/48',
  '3fff:0:0:0:0:0:0:0/20',
  '5f00:0:0:0:0:0:0:0/16',
  'fc00:0:0:0:0:0:0:0/7',
  'fe80:0:0:0:0:0:0:0/10',
  'fec0:0:0:0:0:0:0:0/10',
  'ff00:0:0:0:0:0:0:0/8',
].map(blockOf6);

interface Block {
  first: bigint;
  last: bigint;
}

/** Whether an IPv4 address may be reached. */
export function isPublic4(address: bigint): boolean {
  return !CLOSED_4.some((block) => isWithin(block, address));
}

/** Whether an IPv6 address may be reached. */
export function isPublic6(address: bigint): boolean {
  if (isWithin(MAPPED, address)) return isPublic4(address & 0xffff_ffffn);
  const isatap = [0x0000_5efen, 0x0200_5efen].includes((address >> 32n) & 0xffff_ffffn);
  return isWithin(GIVEN_OUT, address) && !isatap && !CLOSED_6.some((block) => isWithin(block, address));
}

/** A URL of an IP address, however spelled, and whether it may be asked. */
export const spelledUrls: fc.Arbitrary<{ url: string; open: boolean }> = fc.oneof(
  fc
    .tuple(addressIn(CLOSED_4, 32n), spelled4())
    .map(([address, spell]) => ({ url: `http://${spell(address)}/`, open: isPublic4(address) })),
  fc.tuple(addressIn(CLOSED_4, 32n), spelled6()).map(([address, spell]) => ({
    url: `http://[${spell(MAPPED.first | address)}]/`,
    open: isPublic4(address),
  })),
  fc
    .tuple(addressIn([...CLOSED_6, GIVEN_OUT, MAPPED], 128n), spelled6())
    .map(([address, spell]) => ({ url: `http://[${spell(address)}]/`, open: isPublic6(address) })),
);

/** Within, at the ends of, or right beside the blocks, or anywhere. */
function addressIn(blocks: Block[], bits: bigint): fc.Arbitrary<bigint> {
  const max = (1n << bits) - 1n;
  const near = fc
    .constantFrom(...blocks)
    .chain(({ first, last }) =>
      fc.oneof(fc.constantFrom(first, last, first - 1n, last + 1n), fc.bigInt(first, last)),
    );
  return fc
    .oneof(near, fc.bigInt(0n, max))
    .map((address) => (address < 0n ? 0n : address > max ? max : address));
}

/** The URL standard's IPv4 addresses: one to four numbers, each decimal, octal or hexadecimal, its digits written oddly. */
function spelled4(): fc.Arbitrary<(address: bigint) => string> {
  const base = fc.constantFrom(
    (n: bigint) => n.toString(),
    (n: bigint) => `0${n.toString(8)}`,
    (n: bigint) => `0000${n.toString(8)}`,
    (n: bigint) => `0x${n.toString(16)}`,
    (n: bigint) => `0X00${n.toString(16).toUpperCase()}`,
  );
  const odd = fc.constantFrom(
    (text: string) => text,
    (text: string) => text.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit))),
    (text: string) => text.replace(/[1-9]/g, (digit) => String.fromCharCode(0x245f + Number(digit))),
    (text: string) => text.replace(/[\dx]/gi, (sign) => `%${sign.charCodeAt(0).toString(16)}`),
    (text: string) => text.replace(/\d/, '\t$&'),
  );
  const dot = fc.constantFrom('.', '。', '．', '｡', '%2e', '%E3%80%82');
  return fc
    .tuple(fc.array(base, { minLength: 1, maxLength: 4 }), odd, dot, fc.constantFrom('', '.'))
    .map(([bases, write, separator, end]) => (address) => {
      const numbers = bases.map((spell, i) => {
        const isLast = i === bases.length - 1;
        const shift = BigInt(24 - 8 * i);
        return spell(isLast ? address & ((1n << (shift + 8n)) - 1n) : (address >> shift) & 0xffn);
      });
      return numbers.map(write).join(separator) + end;
    });
}

function spelled6(): fc.Arbitrary<(address: bigint) => string> {
  return fc
    .record({
      dotted: fc.boolean(),
      padded: fc.boolean(),
      upper: fc.boolean(),
      from: fc.nat(7),
      many: fc.nat(8),
    })
    .map(({ dotted, padded, upper, from, many }) => (address) => {
      const groups = Array.from({ length: 8 }, (_, i) => (address >> BigInt(112 - 16 * i)) & 0xffffn);
      const texts = groups.map((group) => group.toString(16).padStart(padded ? 4 : 1, '0'));
      const tail = [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join('.');
      const parts = dotted ? [...texts.slice(0, 6), tail] : texts;
      const until = Math.min(from + many, dotted ? 6 : 8);
      const zeros = until > from && groups.slice(from, until).every((group) => group === 0n);
      const text = zeros
        ? `${parts.slice(0, from).join(':')}::${parts.slice(until).join(':')}`
        : parts.join(':');
      return upper ? text.toUpperCase() : text;
    });
}

function isWithin({ first, last }: Block, address: bigint): boolean {
  return address >= first && address <= last;
}

function blockOf4(cidr: string): Block {
  return blockOf(cidr, '.', 8n, 32n, '');
}

function blockOf6(cidr: string): Block {
  return blockOf(cidr, ':', 16n, 128n, '0x');
}

function blockOf(cidr: string, separator: string, step: bigint, width: bigint, prefix: string): Block {
  const [network = '', bits = ''] = cidr.split('/');
  const first = network.split(separator).reduce((sum, part) => (sum << step) | BigInt(prefix + part), 0n);
  return { first, last: first | ((1n << (width - BigInt(bits))) - 1n) };
}
