import { headers as natsHeaders, connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import {
  startReceiver,
  startStandalone,
  waitFor,
  type ReceivedRequest,
  type Receiver,
  type RunningStandalone,
} from '#testing';

interface Page<T> {
  data: T[];
}
interface Delivery {
  id: string;
  event_id: string;
  webhook_id: string;
  status: string;
  attempt_count: number;
  next_attempt_at: string | null;
  completed_at: string | null;
  reason: string | null;
  attempts: {
    number: number;
    trigger: string;
    response: { status: number; body: string } | null;
    error: { kind: string } | null;
  }[];
}
interface EventView {
  id: string;
  type: string;
  status: string;
  reason: string | null;
  match_count: number;
  matches: { delivery_id: string; webhook_id: string; status: string }[];
}

describe('the way of an event', () => {
  let system: RunningStandalone;
  let receiver: Receiver;
  let nats: NatsConnection;
  let js: JetStreamClient;

  beforeAll(async () => {
    system = await startStandalone();
    receiver = await startReceiver();
    const { username, password, host } = new URL(system.natsUrl);
    nats = await connect({ servers: host, user: username, pass: password });
    js = jetstream(nats);
  }, 120_000);

  afterAll(async () => {
    await nats?.close();
    await system?.stop();
    await receiver?.stop();
  });

  let made = 0;
  async function webhook(
    change: Record<string, unknown> = {},
  ): Promise<{ id: string; secret: string; path: string }> {
    const path = `/hook-${++made}`;
    const body = { name: `hook ${made}`, url: receiver.url + path, event_types: [`t${made}.>`], ...change };
    const created = await system.api<{ id: string; secret: string }>('POST', '/webhooks', body);
    expect(created.status).toBe(201);
    return { ...created.body, path };
  }

  async function publish(
    type: string,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<void> {
    const all = natsHeaders();
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    await js.publish(`events.default.${type}`, body, { headers: all });
  }

  async function received(path: string, count = 1): Promise<ReceivedRequest[]> {
    await waitFor(() => expect(receiver.to(path).length).toBeGreaterThanOrEqual(count), 15_000);
    return receiver.to(path);
  }

  async function deliveryOf(webhookId: string, status: string): Promise<Delivery> {
    let found: Delivery | undefined;
    await waitFor(async () => {
      const { body } = await system.api<Page<Delivery>>('GET', `/deliveries?webhook_id=${webhookId}`);
      found = body.data[0];
      expect(found?.status).toBe(status);
    }, 20_000);
    return (await system.api<Delivery>('GET', `/deliveries/${found?.id}`)).body;
  }

  const headersOf = ({ headers }: ReceivedRequest) => ({
    'webhook-id': String(headers['webhook-id']),
    'webhook-timestamp': String(headers['webhook-timestamp']),
    'webhook-signature': String(headers['webhook-signature']),
  });

  it('an event published on NATS reaches its webhook, signed, and the record tells of it', async () => {
    const hook = await webhook();
    await publish(`t${made}.order.created`, '{"total":12.50,"name":"Zoë"}', { 'Nats-Msg-Id': 'order-1' });
    const [request] = await received(hook.path);
    const body = request?.body.toString() ?? '';
    expect(JSON.parse(body)).toMatchObject({
      type: `t${made}.order.created`,
      data: { total: 12.5, name: 'Zoë' },
    });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^Tidings\/\d/) as unknown,
      'webhook-id': 'order-1',
      'x-tidings-attempt': '1',
      'x-tidings-delivery-id': expect.stringMatching(/^dlv_/) as unknown,
    });
    if (!request) throw new Error('no request');
    expect(() => new StandardWebhook(hook.secret).verify(body, headersOf(request))).not.toThrow();
    expect(() => new SvixWebhook(hook.secret).verify(body, headersOf(request))).not.toThrow();
    const delivery = await deliveryOf(hook.id, 'success');
    expect(delivery).toMatchObject({
      event_id: 'order-1',
      attempt_count: 1,
      next_attempt_at: null,
      reason: null,
    });
    expect(delivery.attempts).toMatchObject([
      { number: 1, trigger: 'auto', response: { status: 204 }, error: null },
    ]);
    const event = await system.api<EventView>('GET', '/events/order-1');
    expect(event.body).toMatchObject({
      status: 'accepted',
      matches: [{ delivery_id: delivery.id, webhook_id: hook.id, status: 'success' }],
    });
  });

  it('all four shapes of a message are read, and their data arrive byte for byte', async () => {
    const hook = await webhook();
    const type = `t${made}.shape`;
    const data = '{"z":1.0,"10":12345678901234567890, "2":"ü"}';
    await publish(type, data, { 'Nats-Msg-Id': 'shape-plain' });
    await publish(type, `{"id":"shape-envelope","timestamp":"2026-01-02T03:04:05Z","data":${data}}`);
    const structured = `{"specversion":"1.0","id":"shape-structured","source":"/s","type":"${type}","data":${data}}`;
    await publish(type, structured, { 'content-type': 'application/cloudevents+json' });
    const binary = {
      'ce-specversion': '1.0',
      'ce-id': 'shape-binary',
      'ce-source': '/s',
      'ce-type': type,
      'content-type': 'application/json',
    };
    await publish(type, data, binary);
    const requests = await received(hook.path, 4);
    expect(requests.map(({ headers }) => headers['webhook-id']).sort()).toEqual([
      'shape-binary',
      'shape-envelope',
      'shape-plain',
      'shape-structured',
    ]);
    for (const { body } of requests) expect(body.toString().endsWith(`"data":${data}}`)).toBe(true);
  });

  it('an event posted by REST arrives byte for byte too, and once however often it is posted', async () => {
    const hook = await webhook();
    const event = `{"type":"t${made}.rest","id":"rest-1","data":{"big":12345678901234567890,"one":1.0}}`;
    const post = () =>
      fetch(`${system.apiUrl}/api/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${system.operatorKey}`, 'content-type': 'application/json' },
        body: event,
      });
    const first = await post();
    expect([first.status, await first.json()]).toEqual([202, { id: 'rest-1', duplicate: false }]);
    expect(await (await post()).json()).toEqual({ id: 'rest-1', duplicate: true });
    await deliveryOf(hook.id, 'success');
    const requests = await received(hook.path);
    expect(requests).toHaveLength(1);
    expect(requests[0]?.body.toString()).toContain('"data":{"big":12345678901234567890,"one":1.0}');
  });

  it('a failed attempt is tried again until it succeeds, and every attempt is recorded', async () => {
    receiver.answer((_request, count) =>
      count < 3 ? { status: 503, body: 'busy' } : { status: 200, body: 'thanks' },
    );
    const hook = await webhook({
      retry: { strategy: 'fixed', initial_delay_seconds: 1, count: 5, jitter: 0 },
    });
    await publish(`t${made}.x`, '{}');
    const delivery = await deliveryOf(hook.id, 'success');
    expect(
      delivery.attempts.map(({ number, response }) => [number, response?.status, response?.body]).sort(),
    ).toEqual([
      [1, 503, 'busy'],
      [2, 503, 'busy'],
      [3, 200, 'thanks'],
    ]);
    const ids = new Set(receiver.to(hook.path).map(({ headers }) => headers['webhook-id']));
    expect(ids.size).toBe(1);
    receiver.answer({});
  });

  it('a delivery whose retries are used up ends as failed, with its reason', async () => {
    receiver.answer({ status: 500 });
    const hook = await webhook({ retry: { strategy: 'schedule', schedule_seconds: [1], count: 1 } });
    await publish(`t${made}.x`, '{}');
    expect(await deliveryOf(hook.id, 'failed')).toMatchObject({
      attempt_count: 2,
      reason: 'retries_exhausted',
    });
    receiver.answer({});
  });

  it('an event that matches nothing is recorded', async () => {
    await publish('nobody.listens', '{"a":1}', { 'Nats-Msg-Id': 'lonely-1' });
    await waitFor(async () => {
      const { status, body } = await system.api<EventView>('GET', '/events/lonely-1');
      expect([status, body.status, body.matches]).toEqual([200, 'accepted', []]);
    }, 10_000);
  });

  it('a message that cannot be read is recorded with the reason, and those behind it go on', async () => {
    const hook = await webhook();
    await publish(`t${made}.broken`, '{"a":');
    await publish(`t${made}.fine`, '{"a":1}');
    await received(hook.path);
    await waitFor(async () => {
      const { body } = await system.api<Page<EventView>>('GET', `/events?type=t${made}.broken`);
      expect(body.data).toMatchObject([{ status: 'rejected', reason: 'not_json' }]);
    }, 10_000);
  });

  it('an event published right after a webhook was made reaches it', async () => {
    for (let i = 0; i < 10; i++) {
      const hook = await webhook();
      await publish(`t${made}.now`, '{}', { 'Nats-Msg-Id': `now-${i}` });
      await waitFor(async () => {
        const { body } = await system.api<EventView>('GET', `/events/now-${i}`);
        expect(body.matches?.map((match) => match.webhook_id)).toEqual([hook.id]);
      }, 10_000);
      await received(hook.path);
    }
  });

  it('what a paused webhook is owed is held, and delivered on resume', async () => {
    const hook = await webhook();
    await system.api('PATCH', `/webhooks/${hook.id}`, { status: 'inactive' });
    await publish(`t${made}.x`, '{}');
    expect(await deliveryOf(hook.id, 'pending')).toMatchObject({ attempt_count: 0 });
    await waitFor(
      async () => expect((await deliveryOf(hook.id, 'pending')).reason).toBe('webhook_paused'),
      10_000,
    );
    expect(receiver.to(hook.path)).toHaveLength(0);
    await system.api('PATCH', `/webhooks/${hook.id}`, { status: 'active' });
    await received(hook.path);
    await deliveryOf(hook.id, 'success');
  });

  it('what a deleted webhook was owed ends as cancelled', async () => {
    receiver.answer({ status: 500 });
    const hook = await webhook({
      retry: { strategy: 'fixed', initial_delay_seconds: 2, count: 5, jitter: 0 },
    });
    await publish(`t${made}.x`, '{}');
    await deliveryOf(hook.id, 'retrying');
    expect((await system.api('DELETE', `/webhooks/${hook.id}`)).status).toBe(204);
    expect(await deliveryOf(hook.id, 'cancelled')).toMatchObject({
      reason: 'webhook_deleted',
      attempt_count: 1,
    });
    expect(receiver.to(hook.path)).toHaveLength(1);
    receiver.answer({});
  });

  it('a payload of nearly 1 MiB arrives whole', async () => {
    const hook = await webhook();
    const data = JSON.stringify({ text: 'ä'.repeat(500_000) });
    await publish(`t${made}.large`, data);
    const [request] = await received(hook.path);
    expect(request?.body.toString().endsWith(`"data":${data}}`)).toBe(true);
    const delivery = await deliveryOf(hook.id, 'success');
    const { body } = await system.api<{ data: { text: string } }>('GET', `/events/${delivery.event_id}`);
    expect(body.data.text).toHaveLength(500_000);
  });

  it('a receiver that never answers is given up at the deadline', async () => {
    receiver.answer({ delayMs: 60_000 });
    const hook = await webhook({ timeout_seconds: 1, retry: { enabled: false } });
    await publish(`t${made}.x`, '{}');
    const delivery = await deliveryOf(hook.id, 'failed');
    expect(delivery.attempts).toMatchObject([{ response: null, error: { kind: 'timeout' } }]);
    receiver.answer({});
  });

  it('a delivery is shown as being sent while its receiver takes long, in lists and statistics too', async () => {
    let answer: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    receiver.answer(async () => {
      await held;
      return {};
    });
    const hook = await webhook();
    await publish(`t${made}.slow`, '{}');
    const sending = await deliveryOf(hook.id, 'sending');
    expect(sending).toMatchObject({ attempt_count: 0, attempts: [], completed_at: null });
    const { body: found } = await system.api<Page<Delivery>>(
      'GET',
      `/deliveries?webhook_id=${hook.id}&status=sending`,
    );
    expect(found.data.map(({ id }) => id)).toEqual([sending.id]);
    interface Statistics {
      deliveries: Record<string, number>;
    }
    await waitFor(async () => {
      const { body } = await system.api<Statistics>('GET', `/webhooks/${hook.id}/stats`);
      expect(body.deliveries).toMatchObject({ total: 1, sending: 1, pending: 0 });
    });
    answer();
    const delivered = await deliveryOf(hook.id, 'success');
    expect(delivered).toMatchObject({ id: sending.id, attempt_count: 1 });
    receiver.answer({});
  });

  it('each app answers for its health and shows its metrics', async () => {
    const live = await fetch(`${system.apiUrl}/health/live`);
    expect([live.status, await live.json()]).toEqual([200, { status: 'ok' }]);
    const ready = await fetch(`${system.apiUrl}/health/ready`);
    expect(await ready.json()).toMatchObject({
      status: 'ok',
      details: { nats: { status: 'up' }, postgres: { status: 'up' } },
    });
    expect(await (await fetch(`${system.apiUrl}/metrics`)).text()).toContain('process_cpu_seconds_total');
  });
});
