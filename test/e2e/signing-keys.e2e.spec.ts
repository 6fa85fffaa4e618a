import { createPublicKey, verify, type JsonWebKey } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { startReceiver, startStandalone, waitFor, type Receiver, type RunningStandalone } from '#testing';

describe('a receiver that knows public keys alone', () => {
  let system: RunningStandalone;
  let receiver: Receiver;

  beforeAll(async () => {
    system = await startStandalone();
    receiver = await startReceiver();
  }, 120_000);

  afterAll(async () => {
    await system?.stop();
    await receiver?.stop();
  });

  /** The keys as a receiver gets them: by HTTP, without a key of the API. */
  const jwksOf = async (id: string) => {
    const response = await fetch(new URL(`/webhooks/${id}/jwks.json`, system.apiUrl));
    expect(response.status).toBe(200);
    return ((await response.json()) as { keys: JsonWebKey[] }).keys;
  };

  /** The next request, which is not there before the event is published. */
  const sentNext = async () => {
    const before = receiver.to('/hook').length;
    expect((await system.api('POST', '/events', { type: 'order.paid', data: { n: 1.5 } })).status).toBe(202);
    await waitFor(() => expect(receiver.to('/hook')).toHaveLength(before + 1), 15_000);
    const { headers, body } = receiver.to('/hook')[before]!;
    return { headers: headers as Record<string, string>, body: body.toString() };
  };

  const verifies = (keys: JsonWebKey[], headers: Record<string, string>, body: string) => {
    const content = Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`);
    const signatures = (headers['webhook-signature'] ?? '')
      .split(' ')
      .filter((signature) => signature.startsWith('v1a,'))
      .map((signature) => Buffer.from(signature.slice('v1a,'.length), 'base64'));
    return keys.some((key) => {
      const publicKey = createPublicKey({ key, format: 'jwk' });
      return signatures.some((signature) => verify(null, content, publicKey, signature));
    });
  };

  it('verifies what it is sent, also with the keys from before a rotation, and refuses another body', async () => {
    const created = await system.api<{ id: string; secret: string }>('POST', '/webhooks', {
      name: 'v1a',
      url: `${receiver.url}/hook`,
      event_types: ['order.*'],
      format: { signature: { scheme: 'v1a' } },
    });
    expect(created.status).toBe(201);
    const { id, secret } = created.body;
    const keys = await jwksOf(id);
    const first = await sentNext();
    expect(verifies(keys, first.headers, first.body)).toBe(true);
    expect(verifies(keys, first.headers, `${first.body} `)).toBe(false);
    expect(() => new StandardWebhook(secret).verify(first.body, first.headers)).not.toThrow();

    await system.api('POST', `/webhooks/${id}/rotate-secret`);
    const second = await waitFor(async () => {
      const sent = await sentNext();
      expect(sent.headers['webhook-signature']?.split(' ')).toHaveLength(4);
      return sent;
    }, 15_000);
    const [newest, ...others] = await jwksOf(id);
    expect(others).toEqual(keys);
    for (const known of [keys, [newest!]]) expect(verifies(known, second.headers, second.body)).toBe(true);
  });
});
