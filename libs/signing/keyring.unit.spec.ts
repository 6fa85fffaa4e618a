import { randomBytes } from 'node:crypto';
import { keyIdOf, Keyring, KeyringError } from './keyring.js';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const place = { tenant: 'default', webhook: 'wh_1', purpose: 'signing' } as const;

describe('the keyring', () => {
  it('opens what it sealed', () => {
    const ring = Keyring.parse(key('k1'));
    expect(ring.open(ring.seal('whsec_x', place), place)).toBe('whsec_x');
  });

  it('opens what an older key sealed, and seals with the first', () => {
    const old = key('old');
    const sealed = Keyring.parse(old).seal('whsec_x', place);
    const ring = Keyring.parse(`${key('new')},${old}`);
    expect(ring.open(sealed, place)).toBe('whsec_x');
    expect(ring.seal('whsec_x', place)).toMatch(/^new\./);
  });

  it('never gives the same sealed form twice', () => {
    const ring = Keyring.parse(key('k1'));
    expect(ring.seal('whsec_x', place)).not.toBe(ring.seal('whsec_x', place));
  });

  it('opens nothing for another webhook, with another key, or when altered', () => {
    const ring = Keyring.parse(key('k1'));
    const sealed = ring.seal('whsec_x', place);
    expect(() => ring.open(sealed, { ...place, webhook: 'wh_2' })).toThrow(KeyringError);
    expect(() => Keyring.parse(key('k1')).open(sealed, place)).toThrow(KeyringError);
    expect(() => Keyring.parse(key('k2')).open(sealed, place)).toThrow(
      '"k1" is not in TIDINGS_ENCRYPTION_KEYS',
    );
    expect(() => ring.open('k1.AAAA', place)).toThrow(KeyringError);
  });

  it('does not open a text whose tag was cut short', () => {
    const ring = Keyring.parse(key('k1'));
    const sealed = ring.seal('', place);
    const bytes = Buffer.from(sealed.slice('k1.'.length), 'base64url');
    for (const length of [12, 16, 20, 24, 27])
      expect(() => ring.open(`k1.${bytes.subarray(0, length).toString('base64url')}`, place)).toThrow(
        KeyringError,
      );
    expect(ring.open(sealed, place)).toBe('');
  });

  const bytes = (count: number) => Buffer.alloc(count, 7).toString('base64');

  it.each([
    ['', 'TIDINGS_ENCRYPTION_KEYS holds no key.'],
    ['  ', 'TIDINGS_ENCRYPTION_KEYS holds no key.'],
    ['k1', 'Entry 1 has no colon between an id and a key; '],
    [`k1:${bytes(32)},`, 'Entry 2 is empty; '],
    ['k 1:x', 'The id of entry 1 is not 1 to 32 letters, digits, _ or -; '],
    [`${bytes(32)}:k1`, 'The id of entry 1 is not 1 to 32 letters, digits, _ or -; '],
    ['k1:', 'The encryption key "k1" in TIDINGS_ENCRYPTION_KEYS has 0 bytes; 32 are needed.'],
    [`k1:${bytes(31)}`, 'The encryption key "k1" in TIDINGS_ENCRYPTION_KEYS has 31 bytes; 32 are needed.'],
    [`k1:${bytes(33)}`, 'The encryption key "k1" in TIDINGS_ENCRYPTION_KEYS has 33 bytes; 32 are needed.'],
    [`k1:!${bytes(32)}`, 'The encryption key "k1" is not base64; '],
    [`k1:${bytes(32)}:more`, 'The encryption key "k1" is not base64; '],
    [`k1:${bytes(32).slice(0, 42)}F=`, 'The encryption key "k1" is not base64; '],
    [`k1: ${bytes(32)}`, 'The encryption key "k1" holds a space; '],
    [`k1:${bytes(32)} k2:${bytes(32)}`, 'The encryption key "k1" holds a space; '],
    [`k1:${bytes(32)},k1:${bytes(32)}`, 'The encryption key "k1" is given twice in TIDINGS_ENCRYPTION_KEYS.'],
  ])('refuses %j with the reason and without the key', (text, reason) => {
    const parse = () => Keyring.parse(text);
    expect(parse).toThrow(KeyringError);
    expect(parse).toThrow(reason);
    expect(parse).not.toThrow(bytes(32).slice(0, 20));
  });

  it.each([
    ['with space around its entries', `\n k1:${bytes(32)} , k2:${bytes(32)}\n`, ['k1', 'k2']],
    ['without padding', `k1:${bytes(32).replace('=', '')}`, ['k1']],
    ['in the alphabet for URLs', `k1:${Buffer.alloc(32, 255).toString('base64url')}`, ['k1']],
  ])('is read %s', (_how, text, ids) => {
    const ring = Keyring.parse(text);
    expect([ring.sealsWith, ring.ids]).toEqual([ids[0], ids]);
  });
});

describe('the id of the key that sealed a text', () => {
  it('stands before the dot', () => {
    expect(keyIdOf(Keyring.parse(key('k_1-A')).seal('x', place))).toBe('k_1-A');
    expect(keyIdOf('no sealed text')).toBeUndefined();
  });
});
