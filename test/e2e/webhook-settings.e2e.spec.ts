import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import {
  startReceiver,
  startStandalone,
  waitFor,
  type ReceivedRequest,
  type Receiver,
  type RunningStandalone,
} from '#testing';

interface Attempted {
  status: string;
  attempts: { request: { method: string; headers: Record<string, string>; body: string } }[];
}

describe('what a webhook is set to', () => {
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

  let made = 0;
  async function webhook(fields: object = {}) {
    const path = `/hook-${++made}`;
    const body = { name: `hook ${made}`, url: receiver.url + path, event_types: [`t${made}`], ...fields };
    const created = await system.api<{ id: string; secret: string }>('POST', '/webhooks', body);
    expect([created.status, created.body]).toMatchObject([201, {}]);
    return { ...created.body, path, type: `t${made}` };
  }
  async function publish(type: string, data: unknown, more: object = {}): Promise<string> {
    const { status, body } = await system.api<{ id: string }>('POST', '/events', { type, data, ...more });
    expect(status).toBe(202);
    return body.id;
  }
  async function received(path: string, count = 1): Promise<ReceivedRequest> {
    await waitFor(() => expect(receiver.to(path)).toHaveLength(count), 15_000);
    return receiver.to(path)[count - 1] as ReceivedRequest;
  }
  async function recorded(webhookId: string): Promise<Attempted> {
    let found: Attempted | undefined;
    await waitFor(async () => {
      const { body } = await system.api<{ data: { id: string }[] }>(
        'GET',
        `/deliveries?webhook_id=${webhookId}`,
      );
      const delivery = await system.api<Attempted>('GET', `/deliveries/${body.data[0]?.id}`);
      expect(delivery.body.status).toBe('success');
      found = delivery.body;
    }, 15_000);
    return found as Attempted;
  }
  const verify = (secret: string, { body, headers }: ReceivedRequest) =>
    new StandardWebhook(secret).verify(body.toString() === '' ? '' : body.toString(), {
      'webhook-id': String(headers['webhook-id']),
      'webhook-timestamp': String(headers['webhook-timestamp']),
      'webhook-signature': String(headers['webhook-signature']),
    });

  it('its filter lets through what passes, and the event counts only those who want it', async () => {
    const hook = await webhook({ filter: { 'data.total': { $gte: 100 }, 'metadata.region': { $ne: 'us' } } });
    await webhook({ event_types: [hook.type], filter: { 'data.total': { $gte: 1_000 } } });
    const small = await publish(hook.type, { total: 99 });
    const abroad = await publish(hook.type, { total: 500 }, { metadata: { region: 'us' } });
    const wanted = await publish(hook.type, { total: 100 }, { metadata: { region: 'eu' } });
    expect((await received(hook.path)).headers['webhook-id']).toBe(wanted);
    for (const [id, matches] of [
      [small, 0],
      [abroad, 0],
      [wanted, 1],
    ] as const)
      await waitFor(async () => {
        const { body } = await system.api<{ match_count: number }>('GET', `/events/${id}`);
        expect(body.match_count).toBe(matches);
      }, 10_000);
    await system.api('PATCH', `/webhooks/${hook.id}`, { filter: null });
    const any = await publish(hook.type, { total: 1 });
    expect((await received(hook.path, 2)).headers['webhook-id']).toBe(any);
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'GET'])(
    'its method %s is used, and what is sent is signed',
    async (method) => {
      const hook = await webhook({ method });
      await publish(hook.type, { n: 1 });
      const request = await received(hook.path);
      expect(request.method).toBe(method);
      if (method === 'GET') {
        expect(request.body).toHaveLength(0);
        expect(request.headers['content-type']).toBeUndefined();
        const id = String(request.headers['webhook-id']);
        const content = `${id}.${String(request.headers['webhook-timestamp'])}.`;
        const key = Buffer.from(hook.secret.slice('whsec_'.length), 'base64');
        const mac = createHmac('sha256', key).update(content).digest('base64');
        expect(request.headers['webhook-signature']).toBe(`v1,${mac}`);
      } else {
        expect(JSON.parse(request.body.toString())).toMatchObject({ data: { n: 1 } });
        expect(() => verify(hook.secret, request)).not.toThrow();
      }
      expect((await recorded(hook.id)).attempts[0]?.request.method).toBe(method);
    },
  );

  it.each<[object, Record<string, string>, string, string]>([
    [
      { type: 'bearer', token: 'planted-token' },
      { authorization: 'Bearer planted-token' },
      'Authorization',
      'Bearer ********',
    ],
    [{ type: 'api_key', key: 'planted-key' }, { 'x-api-key': 'planted-key' }, 'X-API-Key', '********'],
    [
      { type: 'basic', username: 'ann', password: 'planted-pässword' },
      { authorization: `Basic ${Buffer.from('ann:planted-pässword').toString('base64')}` },
      'Authorization',
      'Basic ********',
    ],
  ])('its auth %j is sent, and masked in the record', async (auth, sent, header, masked) => {
    const hook = await webhook({
      auth,
      headers: { 'X-Environment': 'prod', 'X-Session': 'planted-session' },
    });
    await publish(hook.type, {});
    expect((await received(hook.path)).headers).toMatchObject({
      ...sent,
      'x-environment': 'prod',
      'x-session': 'planted-session',
    });
    const { request } = (await recorded(hook.id)).attempts[0] ?? {};
    expect(request?.headers).toMatchObject({
      'X-Environment': 'prod',
      'X-Session': '********',
      [header]: masked,
    });
    expect(JSON.stringify(request)).not.toMatch(/planted|cGxhbnRl/);
  });

  it('its hmac is over the body that is sent', async () => {
    const secret = 'a shared secret';
    const hook = await webhook({ auth: { type: 'hmac', secret, header_name: 'X-Hub-Signature-256' } });
    await publish(hook.type, { name: 'Zoë' });
    const request = await received(hook.path);
    const expected = `sha256=${createHmac('sha256', secret).update(request.body).digest('hex')}`;
    expect(request.headers['x-hub-signature-256']).toBe(expected);
  });

  it('a new signing secret and the one before both verify while they overlap, then only the new one', async () => {
    const hook = await webhook();
    const rotated = await system.api<{ secret: string; previous_secret_until: string }>(
      'POST',
      `/webhooks/${hook.id}/rotate-secret`,
      { overlap_seconds: 4 },
    );
    await publish(hook.type, { n: 1 });
    const during = await received(hook.path);
    for (const secret of [hook.secret, rotated.body.secret])
      expect(() => verify(secret, during)).not.toThrow();
    await sleep(Math.max(0, Date.parse(rotated.body.previous_secret_until) - Date.now()) + 100);
    await publish(hook.type, { n: 2 });
    const after = await received(hook.path, 2);
    expect(() => verify(rotated.body.secret, after)).not.toThrow();
    expect(() => verify(hook.secret, after)).toThrow();
  });
});
