import { randomBytes } from 'node:crypto';
import { jetstream } from '@nats-io/jetstream';
import { headers as natsHeaders, connect, type NatsConnection } from '@nats-io/transport-node';
import {
  startCollector,
  startReceiver,
  startStandalone,
  waitFor,
  type CollectedSpan,
  type Collector,
  type ReceivedRequest,
  type Receiver,
  type RunningStandalone,
} from '#testing';

/** A system, and a receiver of its webhooks. */
class Tidings {
  private constructor(
    readonly system: RunningStandalone,
    readonly receiver: Receiver,
    private readonly nats: NatsConnection,
  ) {}

  static async start(env: Record<string, string>): Promise<Tidings> {
    const [system, receiver] = await Promise.all([startStandalone({ env }), startReceiver()]);
    const { username, password, host } = new URL(system.natsUrl);
    return new Tidings(system, receiver, await connect({ servers: host, user: username, pass: password }));
  }

  async stop(): Promise<void> {
    await this.nats.close();
    await this.system.stop();
    await this.receiver.stop();
  }

  /** A webhook for a type of its own, at a path of the same name. */
  async webhook(change: Record<string, unknown> = {}): Promise<{ id: string; type: string }> {
    const type = `t${randomBytes(6).toString('hex')}`;
    const body = { name: type, url: `${this.receiver.url}/${type}`, event_types: [type], ...change };
    const { status, body: made } = await this.system.api<{ id: string }>('POST', '/webhooks', body);
    expect(status).toBe(201);
    return { id: made.id, type };
  }

  async publish(type: string, headers: Record<string, string> = {}, body = '{"n":1}'): Promise<void> {
    const all = natsHeaders();
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    await jetstream(this.nats).publish(`events.default.${type}`, body, { headers: all });
  }

  async post(type: string, headers: Record<string, string>): Promise<string> {
    const { status, body } = await this.system.api<{ id: string }>(
      'POST',
      '/events',
      { type, data: 1 },
      headers,
    );
    expect(status).toBe(202);
    return body.id;
  }

  received(type: string, count = 1): Promise<ReceivedRequest[]> {
    return waitFor(() => {
      const requests = this.receiver.to(`/${type}`);
      expect(requests.length).toBeGreaterThanOrEqual(count);
      return requests;
    }, 20_000);
  }
}

const RETRY = { strategy: 'fixed', initial_delay_seconds: 1, count: 3, jitter: 0 };

/** What a publisher says of a trace of its own. */
function publisher(flags = '01') {
  const [trace, span] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  const headers = { traceparent: `00-${trace}-${span}-${flags}`, tracestate: 'rojo=1' };
  return { trace, span, headers };
}
const tracesOf = ({ headers }: ReceivedRequest) => [headers.traceparent, headers.tracestate];
const asParent = ({ traceId, spanId }: CollectedSpan) => `00-${traceId}-${spanId}-01`;

/** The one span of a process. */
function only(spans: CollectedSpan[], service: string): CollectedSpan {
  const found = spans.filter((span) => span.service === service);
  expect(found).toHaveLength(1);
  return found[0]!;
}

describe('Tidings with a collector', () => {
  let tidings: Tidings;
  let collector: Collector;

  beforeAll(async () => {
    collector = await startCollector();
    tidings = await Tidings.start({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-collector-key=a%20secret',
    });
  }, 120_000);

  afterAll(async () => {
    await tidings?.stop();
    await collector?.stop();
  });

  it('makes one trace of what the publisher began by REST, through routing, to the receiver', async () => {
    const { id: webhook, type } = await tidings.webhook();
    const { trace, span, headers } = publisher();
    const event = await tidings.post(type, headers);
    const [request] = await tidings.received(type);
    const spans = await collector.trace(trace, 3);
    expect(spans).toHaveLength(3);
    const [published, routed, attempted] = ['admin-api', 'subscriber', 'dispatcher'].map((app) =>
      only(spans, `tidings-${app}`),
    );
    if (!published || !routed || !attempted || !request) throw new Error('There is one missing.');
    expect([published.parentSpanId, routed.parentSpanId, attempted.parentSpanId]).toEqual([
      span,
      published.spanId,
      routed.spanId,
    ]);
    expect(published).toMatchObject({
      name: 'POST /api/v1/events',
      kind: 2,
      attributes: { 'http.response.status_code': 202, 'http.route': '/api/v1/events' },
    });
    expect(routed).toMatchObject({
      name: 'route event',
      kind: 5,
      attributes: {
        'tidings.event.id': event,
        'tidings.event.type': type,
        'tidings.tenant': 'default',
        'tidings.matches': 1,
      },
    });
    expect(attempted).toMatchObject({
      name: 'POST',
      kind: 3,
      failed: false,
      traceState: 'rojo=1',
      attributes: {
        'tidings.webhook.id': webhook,
        'tidings.delivery.id': request.headers['x-tidings-delivery-id'],
        'tidings.attempt.number': 1,
        'http.response.status_code': 204,
        'url.full': `${tidings.receiver.url}/${type}`,
      },
    });
    expect(tracesOf(request)).toEqual([asParent(attempted), 'rojo=1']);
    expect(collector.exports.at(-1)).toMatchObject({ 'x-collector-key': 'a secret' });
  });

  it('makes one trace of a whole batch', async () => {
    const { type } = await tidings.webhook();
    const { trace, headers } = publisher();
    const events = [1, 2].map((data) => ({ type, data }));
    expect((await tidings.system.api('POST', '/events/batch', { events }, headers)).status).toBe(202);
    const spans = await collector.trace(trace, 5);
    const published = only(spans, 'tidings-admin-api');
    const routed = spans.filter(({ service }) => service === 'tidings-subscriber');
    expect(routed.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(2).fill(published.spanId));
    const attempts = spans.filter(({ service }) => service === 'tidings-dispatcher');
    expect(new Set(attempts.map(({ parentSpanId }) => parentSpanId))).toEqual(
      new Set(routed.map(({ spanId }) => spanId)),
    );
  });

  it('makes one trace of what the publisher began on NATS, and of all retries', async () => {
    const { type } = await tidings.webhook({ retry: RETRY });
    tidings.receiver.answer(({ path }, count) => ({ status: path === `/${type}` && count < 3 ? 500 : 204 }));
    const { trace, span, headers } = publisher();
    await tidings.publish(type, headers);
    const requests = await tidings.received(type, 3);
    const spans = await collector.trace(trace, 4);
    expect(spans).toHaveLength(4);
    const routed = only(spans, 'tidings-subscriber');
    expect(routed.parentSpanId).toBe(span);
    const attempts = spans.filter(({ service }) => service === 'tidings-dispatcher');
    expect(attempts.map(({ parentSpanId }) => parentSpanId)).toEqual(Array(3).fill(routed.spanId));
    const told = attempts.map(({ attributes, failed }) => [
      attributes['tidings.attempt.number'],
      attributes['http.response.status_code'],
      attributes['error.type'],
      failed,
    ]);
    expect(told).toEqual([
      [1, 500, '500', true],
      [2, 500, '500', true],
      [3, 204, undefined, false],
    ]);
    expect(requests.map(({ headers }) => headers.traceparent)).toEqual(attempts.map(asParent));
    tidings.receiver.answer({ status: 204 });
  });

  it('keeps the trace through a lane', async () => {
    const { type } = await tidings.webhook({ ordered: true });
    const { trace, headers } = publisher();
    await tidings.publish(type, headers);
    const [request] = await tidings.received(type);
    const spans = await collector.trace(trace, 2);
    expect(request?.headers.traceparent).toBe(asParent(only(spans, 'tidings-dispatcher')));
  });

  it('begins a trace where the publisher says nothing valid, and never passes that on', async () => {
    const { type } = await tidings.webhook();
    await tidings.publish(type, { traceparent: 'nonsense', tracestate: 'rojo=1' });
    const [request] = await tidings.received(type);
    const [traceparent, tracestate] = request ? tracesOf(request) : [];
    expect([traceparent, tracestate]).toEqual([
      expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
      undefined,
    ]);
    const spans = await collector.trace(String(traceparent).slice(3, 35), 2);
    expect(only(spans, 'tidings-subscriber').parentSpanId).toBe('');
  });

  it('records nothing of what its publisher does not record, and passes it on unchanged', async () => {
    const { type } = await tidings.webhook();
    const [silent, marker] = [publisher('00'), publisher()];
    await tidings.post(type, silent.headers);
    const [request] = await tidings.received(type);
    expect(request && tracesOf(request)).toEqual(Object.values(silent.headers));
    // What came after it is there: so it would be.
    await tidings.post(type, marker.headers);
    await collector.trace(marker.trace, 3);
    expect(collector.spans.filter(({ traceId }) => traceId === silent.trace)).toEqual([]);
  });

  it('tells of an attempt that reached nobody, and no secret of its address', async () => {
    const url = 'http://127.0.0.1:9/hook?token=t0ps3cret';
    const { type } = await tidings.webhook({ url, retry: { enabled: false } });
    const { trace, headers } = publisher();
    await tidings.publish(type, headers);
    const attempted = only(await collector.trace(trace, 2), 'tidings-dispatcher');
    expect(attempted).toMatchObject({
      failed: true,
      attributes: { 'error.type': 'connect', 'url.full': 'http://127.0.0.1:9/hook', 'server.port': 9 },
    });
    expect(JSON.stringify(collector.spans)).not.toContain('t0ps3cret');
  });

  it('makes a span of other requests too, but not of health', async () => {
    const { trace, headers } = publisher();
    expect((await tidings.system.api('GET', '/webhooks/wh_none?q=1', undefined, headers)).status).toBe(404);
    const [asked] = await collector.trace(trace, 1);
    expect(asked).toMatchObject({
      name: 'GET /api/v1/webhooks/:id',
      failed: false,
      attributes: { 'http.response.status_code': 404, 'url.path': '/api/v1/webhooks/wh_none' },
    });
    expect(collector.spans.map(({ name }) => name).filter((name) => /health|metrics/.test(name))).toEqual([]);
  });

  it('delivers as ever while the collector is away', async () => {
    await collector.stop();
    const { type } = await tidings.webhook();
    const begun = performance.now();
    const many = Array.from({ length: 300 }, () => tidings.publish(type, publisher().headers));
    await Promise.all(many);
    const requests = await tidings.received(type, 300);
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect(new Set(requests.map(({ headers }) => headers.traceparent)).size).toBe(300);
  });
});

describe('Tidings without a collector', () => {
  let tidings: Tidings;

  beforeAll(async () => {
    tidings = await Tidings.start({});
  }, 120_000);

  afterAll(() => tidings?.stop());

  it('passes the trace on unchanged, by REST and by NATS, with every retry', async () => {
    const { type } = await tidings.webhook({ retry: RETRY });
    tidings.receiver.answer((_request, count) => ({ status: count < 2 ? 503 : 204 }));
    const [first, second] = [publisher(), publisher()];
    await tidings.publish(type, first.headers);
    for (const request of await tidings.received(type, 2))
      expect(tracesOf(request)).toEqual(Object.values(first.headers));
    await tidings.post(type, second.headers);
    const [, , third] = await tidings.received(type, 3);
    expect(third && tracesOf(third)).toEqual(Object.values(second.headers));
  });

  it('passes on what a CloudEvent says of its beginning', async () => {
    const { type } = await tidings.webhook();
    const { headers } = publisher();
    const attributes = { 'ce-specversion': '1.0', 'ce-id': type, 'ce-source': '/s', 'ce-type': type };
    await tidings.publish(type, { ...attributes, 'ce-traceparent': headers.traceparent });
    const [request] = await tidings.received(type);
    expect(request && tracesOf(request)).toEqual([headers.traceparent, undefined]);
  });

  it('adds nothing where there is no trace, or none that is valid', async () => {
    const { type } = await tidings.webhook();
    await tidings.publish(type);
    await tidings.publish(type, { traceparent: '00-00000000000000000000000000000000-b7ad6b7169203331-01' });
    await tidings.post(type, { traceparent: 'nonsense', tracestate: 'rojo=1' });
    for (const request of await tidings.received(type, 3))
      expect(tracesOf(request)).toEqual([undefined, undefined]);
  });
});
