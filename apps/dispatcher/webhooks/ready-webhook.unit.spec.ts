import type { RoutedWebhook } from '#domain';
import { generateSecret, Keyring } from '#signing';
import { routedWebhook } from '#testing';
import { bodySignature, readyWebhook } from './ready-webhook.js';

const keyring = Keyring.parse(`k1:${Buffer.alloc(32, 1).toString('base64')}`);
const place = { tenant: 'acme', webhook: 'wh_1' };
const signing = () => keyring.seal(generateSecret(), { ...place, purpose: 'signing' });
const webhook = (change: Partial<RoutedWebhook>) =>
  routedWebhook({ id: 'wh_1', secrets: [signing()], ...change });
const ready = (change: Partial<RoutedWebhook>) => {
  const reported: string[] = [];
  return { ...readyWebhook(webhook(change), keyring, (problem) => reported.push(problem)), reported };
};

describe('a webhook made ready', () => {
  it('signs with earlier secrets until their time, and then no longer', () => {
    const { signer } = ready({
      retiring_secrets: [
        { sealed: signing(), until: 2_000 },
        { sealed: signing(), until: 1_000 },
      ],
    });
    const signaturesAt = (at: number) => {
      const request = { id: 'evt_1', delivery: 'dlv_1', type: 'a', at, body: Buffer.from('{}') };
      return signer?.headers(request)['webhook-signature']?.split(' ').length;
    };
    expect([999, 1_000, 1_999, 2_000].map(signaturesAt)).toEqual([3, 2, 2, 1]);
  });

  it('whose secrets were sealed elsewhere has no signer, and that is reported', () => {
    const { signer, reported } = ready({ id: 'wh_2' });
    expect([signer, reported]).toEqual([null, ['the secrets of wh_2 cannot be opened']]);
  });

  it('whose secret will not do for its signature has no signer, rather than sign otherwise', () => {
    const secrets = [keyring.seal('any other text', { ...place, purpose: 'signing' })];
    const format = { body: null, headers: {}, signature: { scheme: 'v1a' } } as const;
    expect(ready({ secrets, format }).signer).toBeNull();
    expect(ready({ secrets: [] }).signer).toBeNull();
  });

  it('has its secrets in what is sent and masks in what is recorded', () => {
    const { extra } = ready({
      headers: { 'X-Plain': 'seen', 'X-Token': { secret: 1 } },
      auth: { type: 'basic', username: 'ann', password: { secret: 2 } },
      credentials: {
        'headers.x-token': keyring.seal('token', { ...place, purpose: 'headers.x-token', version: 1 }),
        'auth.password': keyring.seal('password', { ...place, purpose: 'auth.password', version: 2 }),
      },
    });
    expect(extra).toEqual({
      sent: { 'X-Plain': 'seen', 'X-Token': 'token', Authorization: 'Basic YW5uOnBhc3N3b3Jk' },
      recorded: { 'X-Plain': 'seen', 'X-Token': '********', Authorization: 'Basic ********' },
      toMask: ['YW5uOnBhc3N3b3Jk', 'password', 'token'],
      hmac: null,
      tokens: null,
      identity: undefined,
    });
  });

  it('whose credentials were sealed for another version or place, or are missing, has none, and that is reported', () => {
    const auth = { type: 'bearer', token: { secret: 2 } } as const;
    const before = keyring.seal('t', { ...place, purpose: 'auth.token', version: 1 });
    const elsewhere = keyring.seal('t', { ...place, purpose: 'auth.key', version: 2 });
    for (const credentials of [{ 'auth.token': before }, { 'auth.token': elsewhere }, {}]) {
      const { extra, signer, reported } = ready({ auth, credentials });
      expect([extra, signer !== null, reported]).toEqual([
        null,
        true,
        ['the credentials of wh_1 cannot be opened'],
      ]);
    }
  });

  it('signs a body with its hmac as other senders do', () => {
    const { extra } = ready({
      auth: { type: 'hmac', secret: { secret: 1 }, header_name: 'X-Hub-Signature-256' },
      credentials: {
        'auth.secret': keyring.seal("It's a Secret to Everybody", {
          ...place,
          purpose: 'auth.secret',
          version: 1,
        }),
      },
    });
    if (!extra?.hmac) throw new Error('no hmac');
    // The example of GitHub's documentation.
    expect(bodySignature(extra.hmac.key, Buffer.from('Hello, World!'))).toBe(
      'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
    );
  });
});
