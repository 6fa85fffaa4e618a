import { randomBytes } from 'node:crypto';
import { Keyring, KeyringError } from './keyring.js';

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

  it.each(['', 'k1', 'k1:c2hvcnQ=', 'k 1:x'])('refuses %j with the reason', (text) => {
    expect(() => Keyring.parse(text)).toThrow(KeyringError);
  });
});
