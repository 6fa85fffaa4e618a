import { createHmac, createPublicKey, verify as verifySignature } from 'node:crypto';
import { verify as verifyAsGitHub } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { newId, type PayloadFormat, type RoutedWebhook } from '#domain';
import { asymmetricKey, generateSecret, publicKeyOf } from '#signing';
import { waitFor } from '#testing';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;

beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);

afterAll(() => test.stop(), 30_000);

beforeEach(() => test.receiver.answer({ status: 204 }));

const GITHUB = {
  scheme: 'hmac-sha256',
  header: 'X-Hub-Signature-256',
  prefix: 'sha256=',
  content: '{{body}}',
  encoding: 'hex',
} as const;
const STRIPE = {
  scheme: 'hmac-sha256',
  header: 'Stripe-Signature',
  prefix: 't={{timestamp}},v1=',
  content: '{{timestamp}}.{{body}}',
  encoding: 'hex',
} as const;
type Signature = Exclude<PayloadFormat, string>['signature'];
const signedBy = (signature: Signature): PayloadFormat => ({ body: null, headers: {}, signature });
const DATA = '{ "name":"Zoë", "n":1.50 }';
const BODY = `{"type":"order.created","timestamp":"2026-11-22T09:00:00.000Z","data":${DATA}}`;
const PLAIN = "It's a Secret to Everybody, ünd so weiter";

/** A webhook with these secrets, the newest first. */
function webhookWith(format: PayloadFormat, ...secrets: string[]): Promise<RoutedWebhook & { path: string }> {
  const id = newId('wh');
  const place = { tenant: 'acme', webhook: id, purpose: 'signing' } as const;
  const sealed = secrets.map((secret) => test.keyring.seal(secret, place));
  return test.webhook({ id, url: `${test.receiver.url}/${id}`, format, secrets: sealed });
}

/** What arrives when it is owed an event. */
async function sentTo(webhook: RoutedWebhook) {
  const owed = await test.owe(webhook, DATA);
  const request = await waitFor(() => {
    const [first] = test.receiver.to(`/${webhook.id}`);
    expect(first).toBeDefined();
    return first!;
  });
  return { owed, body: request.body.toString(), headers: request.headers as Record<string, string> };
}

describe('a request signed as GitHub signs', () => {
  it('is accepted by its own package, under a secret that is any text, and not with another body', async () => {
    const { body, headers } = await sentTo(await webhookWith(signedBy(GITHUB), PLAIN));
    const signature = headers['x-hub-signature-256'] ?? '';
    expect(body).toBe(BODY);
    expect(await verifyAsGitHub(PLAIN, body, signature)).toBe(true);
    expect(await verifyAsGitHub(PLAIN, `${body} `, signature)).toBe(false);
    expect(await verifyAsGitHub(`${PLAIN}!`, body, signature)).toBe(false);
  });

  it('has the signature of the newest secret alone, for there is no room for two', async () => {
    const [after, before] = [generateSecret(), PLAIN];
    const { body, headers } = await sentTo(await webhookWith(signedBy(GITHUB), after, before));
    const signature = headers['x-hub-signature-256'] ?? '';
    expect(signature).toMatch(/^sha256=[0-9a-f]{64}$/);
    expect(await verifyAsGitHub(after, body, signature)).toBe(true);
    expect(await verifyAsGitHub(before, body, signature)).toBe(false);
  });

  it('is signed by Standard Webhooks too, with the text of the secret as its key', async () => {
    const { body, headers } = await sentTo(await webhookWith(signedBy(GITHUB), PLAIN));
    const webhook = new StandardWebhook(Buffer.from(PLAIN), { format: 'raw' });
    expect(webhook.verify(body, headers)).toBeDefined();
    expect(() => webhook.verify(`${body} `, headers)).toThrow();
  });
});

describe('a request signed as Stripe signs', () => {
  it('is accepted by its own package, and not with another body', async () => {
    const secret = generateSecret();
    const { body, headers } = await sentTo(await webhookWith(signedBy(STRIPE), secret));
    const signature = headers['stripe-signature'] ?? '';
    expect(Stripe.webhooks.constructEvent(body, signature, secret)).toMatchObject({ type: 'order.created' });
    expect(() => Stripe.webhooks.constructEvent(`${body} `, signature, secret)).toThrow(/signature/);
    const later = signature.replace(/t=\d+/, `t=${Math.floor(Date.now() / 1000) + 1}`);
    expect(() => Stripe.webhooks.constructEvent(body, later, secret)).toThrow(/signature/);
    for (const Webhook of [StandardWebhook, SvixWebhook])
      expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
  });

  it('is accepted under the old and the new secret while a webhook has two', async () => {
    const [after, before] = [generateSecret(), PLAIN];
    const { body, headers } = await sentTo(await webhookWith(signedBy(STRIPE), after, before));
    const signature = headers['stripe-signature'] ?? '';
    expect(signature).toMatch(/^t=\d{10},v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
    for (const secret of [after, before])
      expect(Stripe.webhooks.constructEvent(body, signature, secret)).toBeDefined();
    expect(() => Stripe.webhooks.constructEvent(body, signature, 'another secret')).toThrow(/signature/);
  });
});

describe('a request signed in a way of its own', () => {
  it('covers what its content says, in its hash and its encoding', async () => {
    const content = '{{id}}|{{ delivery_id }}|{{type}}|{{timestamp_ms}}|{{timestamp}}|{{body}}!';
    const signature = {
      ...STRIPE,
      scheme: 'hmac-sha512',
      prefix: 'at {{timestamp_ms}}: ',
      content,
      encoding: 'base64',
    } as const;
    const { owed, body, headers } = await sentTo(await webhookWith(signedBy(signature), PLAIN));
    const [, at = '', given] = /^at (\d{13}): (.+)$/.exec(headers['stripe-signature'] ?? '') ?? [];
    expect(headers['webhook-timestamp']).toBe(at.slice(0, 10));
    const covered = `${owed.event}|${owed.delivery}|order.created|${at}|${at.slice(0, 10)}|${body}!`;
    expect(given).toBe(createHmac('sha512', PLAIN).update(covered).digest('base64'));
  });
});

describe('a request signed with ed25519', () => {
  const V1A = signedBy({ scheme: 'v1a' });
  const verified = (body: string, headers: Record<string, string>, secret: string) => {
    const key = createPublicKey({ key: { ...publicKeyOf(asymmetricKey(secret)).jwk }, format: 'jwk' });
    const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
    return (headers['webhook-signature'] ?? '').split(' ').some((signature) => {
      const [version, encoded = ''] = signature.split(',');
      return version === 'v1a' && verifySignature(null, content, key, Buffer.from(encoded, 'base64'));
    });
  };

  it('verifies with the public key alone, and not with another body', async () => {
    const secret = generateSecret();
    const { body, headers } = await sentTo(await webhookWith(V1A, secret));
    expect(body).toBe(BODY);
    expect(verified(body, headers, secret)).toBe(true);
    expect(verified(`${body} `, headers, secret)).toBe(false);
    expect(verified(body, headers, generateSecret())).toBe(false);
  });

  it('verifies for those who know v1 alone, as two libraries do, while they go over', async () => {
    const secret = generateSecret();
    const { body, headers } = await sentTo(await webhookWith(V1A, secret));
    expect(headers['webhook-signature']).toMatch(/^v1a,\S{88} v1,\S{44}$/);
    for (const Webhook of [StandardWebhook, SvixWebhook])
      expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
  });

  it('verifies with the old and the new key while a webhook has two', async () => {
    const [after, before] = [generateSecret(), generateSecret()];
    const { body, headers } = await sentTo(await webhookWith(V1A, after, before));
    for (const secret of [after, before]) expect(verified(body, headers, secret)).toBe(true);
  });
});

describe('a request that cannot be signed as agreed', () => {
  it.each<[string, PayloadFormat]>([
    ['as GitHub signs', signedBy(GITHUB)],
    ['with ed25519', signedBy({ scheme: 'v1a' })],
  ])('%s is never sent: its secret cannot be opened', async (_title, format) => {
    const elsewhere = await test.webhook();
    const webhook = await test.webhook({ format, secrets: elsewhere.secrets });
    const owed = await test.owe(webhook);
    const [fact] = await waitFor(() => {
      const facts = test.journal.of('attempt.finished').filter(({ delivery }) => delivery === owed.delivery);
      expect(facts).toHaveLength(1);
      return facts;
    });
    expect(fact?.attempt).toMatchObject({ response: null, error: { kind: 'internal' } });
    expect(fact?.attempt.request.headers).not.toHaveProperty('webhook-signature');
    expect(test.receiver.to(webhook.path)).toEqual([]);
  });

  it('with ed25519 is never sent under a secret from which its key could be guessed', async () => {
    const webhook = await webhookWith(signedBy({ scheme: 'v1a' }), PLAIN);
    const owed = await test.owe(webhook);
    await waitFor(() => {
      const facts = test.journal.of('attempt.finished').filter(({ delivery }) => delivery === owed.delivery);
      expect(facts[0]?.attempt).toMatchObject({ response: null, error: { kind: 'internal' } });
    });
    expect(test.receiver.to(`/${webhook.id}`)).toEqual([]);
  });
});
