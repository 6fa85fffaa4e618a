import { createHmac } from 'node:crypto';
import type { HmacScheme } from './hmac-signature.js';
import { RequestSigner } from './request-signer.js';
import { generateSecret } from './standard-webhooks.js';

const request = {
  id: 'evt_1',
  delivery: 'dlv_1',
  type: 'order.paid',
  at: 1_700_000_000_999,
  body: Buffer.from('{"name":"Zoë"}'),
};
const scheme = (change: Partial<HmacScheme>): HmacScheme => ({
  kind: 'hmac',
  hash: 'sha256',
  header: 'X-Sign',
  prefix: [],
  content: [{ variable: 'body' }],
  encoding: 'hex',
  ...change,
});
const lasting = (secret: string) => ({ secret, until: Infinity });
const signed = (change: Partial<HmacScheme>, ...secrets: string[]) =>
  new RequestSigner(scheme(change), secrets.map(lasting)).headers(request)['X-Sign'];
const mac = (secret: string, content: string) => createHmac('sha256', secret).update(content).digest('hex');

describe('a signature by HMAC', () => {
  it('covers the parts of its content in their order, the time in whole seconds', () => {
    const content = ['a ', { variable: 'timestamp' }, '.', { variable: 'body' }, { variable: 'id' }] as const;
    expect(signed({ content }, 'a secret')).toBe(mac('a secret', 'a 1700000000.{"name":"Zoë"}evt_1'));
  });

  it('has the text of the secret as its key, also of one that is of Standard Webhooks', () => {
    const secret = generateSecret();
    expect(signed({}, secret)).toBe(mac(secret, '{"name":"Zoë"}'));
  });

  it('is one behind a prefix without a comma, and one for each secret behind one with a comma', () => {
    const [one, two] = ['one', 'two'].map((secret) => mac(secret, '{"name":"Zoë"}'));
    const listed = ['t=', { variable: 'timestamp' }, ',v1='] as const;
    expect(signed({}, 'one', 'two')).toBe(one);
    expect(signed({ prefix: ['sha256='] }, 'one', 'two')).toBe(`sha256=${one}`);
    expect(signed({ prefix: listed }, 'one')).toBe(`t=1700000000,v1=${one}`);
    expect(signed({ prefix: listed }, 'one', 'two')).toBe(`t=1700000000,v1=${one},v1=${two}`);
    expect(signed({ prefix: [','] }, 'one', 'two')).toBe(`,${one},${two}`);
  });

  it('is made with earlier secrets until their time', () => {
    const signer = new RequestSigner(scheme({ prefix: ['v=1,s='] }), [
      lasting('new'),
      { secret: 'old', until: 2_000 },
    ]);
    const count = (at: number) => signer.headers({ ...request, at })['X-Sign']?.match(/s=/g)?.length;
    expect([1_999, 2_000].map(count)).toEqual([2, 1]);
  });

  it('stands beside the one of Standard Webhooks', () => {
    const headers = new RequestSigner(scheme({}), [lasting('any text')]).headers(request);
    expect(headers['webhook-signature']).toMatch(/^v1,\S{44}$/);
  });
});

describe('a signer', () => {
  it('cannot be made without a secret, nor with a plain one for v1a', () => {
    expect(() => new RequestSigner({ kind: 'v1' }, [])).toThrow(/no signing secret/);
    expect(() => new RequestSigner({ kind: 'v1a' }, [lasting('any text')])).toThrow(/Standard Webhooks/);
  });

  it('of v1a leaves an earlier plain secret to v1', () => {
    const secrets = [lasting(generateSecret()), lasting('any text')];
    const { 'webhook-signature': signature } = new RequestSigner({ kind: 'v1a' }, secrets).headers(request);
    expect(signature).toMatch(/^v1a,\S{88} v1,\S{44} v1,\S{44}$/);
  });
});
