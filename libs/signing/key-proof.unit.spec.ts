import { randomBytes } from 'node:crypto';
import { KeyProof } from './key-proof.js';
import { Keyring, KeyringError } from './keyring.js';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [k1, k2] = [key('k1'), key('k2')];
const place = { tenant: 'default', webhook: 'wh_1', purpose: 'signing' } as const;
const sealedBy = (ring: string) => Keyring.parse(ring).seal('whsec_x', place);

const proving = (ring: string, ...sealed: string[]) => {
  const proof = new KeyProof(Keyring.parse(ring), 'PostgreSQL');
  for (const each of sealed) proof.note(each, place);
  return () => proof.check();
};

describe('the keys that are configured', () => {
  it('are right when they open what was sealed, in whatever order they stand', () => {
    expect(proving(`${k1},${k2}`, sealedBy(k1), sealedBy(k2))).not.toThrow();
    expect(proving(`${k2},${k1}`, sealedBy(k1))).not.toThrow();
    expect(proving(k1)).not.toThrow();
  });

  it('are refused when one that is used is missing, which is named', () => {
    expect(proving(k2, sealedBy(k2), sealedBy(k1))).toThrow(
      new KeyringError(
        'The encryption key "k1" is missing in TIDINGS_ENCRYPTION_KEYS, and secrets in PostgreSQL are sealed with it.',
      ),
    );
  });

  it('are refused when one is another than the one that sealed under its id', () => {
    expect(proving(`${k2},${key('k1')}`, sealedBy(k2), sealedBy(k1))).toThrow(
      new KeyringError(
        'The encryption key "k1" in TIDINGS_ENCRYPTION_KEYS is not the one that sealed secrets in PostgreSQL under this id.',
      ),
    );
  });

  it('are right also where single texts are damaged', () => {
    const damaged = `${sealedBy(k1).slice(0, -2)}AA`;
    expect(proving(k1, damaged, damaged, sealedBy(k1), 'never sealed')).not.toThrow();
  });
});
