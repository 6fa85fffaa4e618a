import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { generateSecret, isStandardSecret, signingKey, signStandard } from './standard-webhooks.js';

const body = '{"type":"order.created","data":{"name":"Zoë 🎉"}}';
const now = Math.floor(Date.now() / 1000);
const headersBy = (...secrets: string[]) => ({
  'webhook-id': 'evt_1',
  'webhook-timestamp': String(now),
  'webhook-signature': signStandard(secrets.map(signingKey), 'evt_1', now, Buffer.from(body)),
});

describe('Standard Webhooks signatures', () => {
  it.each([
    ['standardwebhooks', StandardWebhook],
    ['svix', SvixWebhook],
  ])('are accepted by the package %s', (_name, Webhook) => {
    const secret = generateSecret();
    expect(() => new Webhook(secret).verify(body, headersBy(secret))).not.toThrow();
  });

  it('are accepted under either secret while one replaces the other', () => {
    const [before, after] = [generateSecret(), generateSecret()];
    for (const secret of [before, after]) {
      expect(() => new StandardWebhook(secret).verify(body, headersBy(after, before))).not.toThrow();
    }
  });

  it('are refused under another secret', () => {
    expect(() => new StandardWebhook(generateSecret()).verify(body, headersBy(generateSecret()))).toThrow();
  });

  it.each(['whsec_', 'whsec_c2hvcnQ=', 'secret', `whsec_${'!'.repeat(32)}`])('%s is no secret', (text) => {
    expect(isStandardSecret(text)).toBe(false);
  });

  it('take the secrets that Tidings makes', () => {
    expect(isStandardSecret(generateSecret())).toBe(true);
  });
});
