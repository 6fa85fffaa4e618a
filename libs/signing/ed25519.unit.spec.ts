import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { asymmetricKey, publicKeyOf, signAsymmetric } from './ed25519.js';
import { generateSecret } from './standard-webhooks.js';

/** Appendix A of RFC 8037. */
const RFC_8037 = {
  kty: 'OKP',
  crv: 'Ed25519',
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
};
const body = Buffer.from('{"name":"Zoë 🎉"}');

describe('a key pair of v1a', () => {
  it('follows from the secret, the same at every time and in every process', () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
    expect(publicKeyOf(asymmetricKey(secret)).public_key).toBe(
      'whpk_IE16yN1KkzqUDLnKLDSx8IatG8smEpUrJCIEkfJKKjE=',
    );
    expect(publicKeyOf(asymmetricKey(generateSecret()))).not.toEqual(publicKeyOf(asymmetricKey(secret)));
  });

  it('is named and written as RFC 8037 has it', () => {
    const key = createPrivateKey({ key: RFC_8037, format: 'jwk' });
    expect(publicKeyOf(key)).toEqual({
      kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
      public_key: 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=',
      jwk: {
        kty: 'OKP',
        crv: 'Ed25519',
        x: RFC_8037.x,
        kid: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
        use: 'sig',
        alg: 'EdDSA',
      },
    });
  });

  it('signs the id, the time and the exact bytes of the body', () => {
    const key = asymmetricKey(generateSecret());
    const signature = signAsymmetric([key], 'evt_1', 1_700_000_000, body);
    expect(signature).toMatch(/^v1a,\S{88}$/);
    const publicKey = createPublicKey({ key: { ...publicKeyOf(key).jwk }, format: 'jwk' });
    const verifies = (content: string) =>
      verify(null, Buffer.from(content), publicKey, Buffer.from(signature.slice(4), 'base64'));
    expect(verifies('evt_1.1700000000.{"name":"Zoë 🎉"}')).toBe(true);
    expect(verifies('evt_2.1700000000.{"name":"Zoë 🎉"}')).toBe(false);
    expect(verifies('evt_1.1700000001.{"name":"Zoë 🎉"}')).toBe(false);
    expect(verifies('evt_1.1700000000.{"name":"Zoe 🎉"}')).toBe(false);
  });
});
