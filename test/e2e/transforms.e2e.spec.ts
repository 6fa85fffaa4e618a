import { startReceiver, startStandalone, waitFor, type Receiver, type RunningStandalone } from '#testing';

interface Attempt {
  request: { headers: Record<string, string>; body: string };
  response: unknown;
  error: { kind: string; message: string } | null;
  console: { level: string; text: string }[] | null;
}
interface Delivery {
  id: string;
  status: string;
  reason: string | null;
  attempts: Attempt[];
}

/** A retry that is not due while this runs. */
const LATE_RETRY = {
  ...{ count: 1, strategy: 'fixed', initial_delay_seconds: 600, max_delay_seconds: 600, jitter: 0 },
};

describe('a webhook with a transform', () => {
  let system: RunningStandalone;
  let receiver: Receiver;
  beforeAll(async () => {
    [system, receiver] = await Promise.all([
      startStandalone({ env: { TIDINGS_TRANSFORM_TIMEOUT_MS: '5000' } }),
      startReceiver(),
    ]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([system?.stop(), receiver?.stop()]);
  }, 30_000);

  const create = async (name: string, transform: string) => {
    const { status, body } = await system.api<{ id: string }>('POST', '/webhooks', {
      ...{ name, url: `${receiver.url}/${name}`, event_types: [`${name}.*`], retry: LATE_RETRY, transform },
    });
    expect(status).toBe(201);
    return body.id;
  };
  const publish = (name: string, data: object, metadata?: object) =>
    system.api('POST', '/events', { type: `${name}.made`, data, metadata });
  /** Its deliveries with their attempts, the last one first. */
  const deliveriesOf = async (webhook: string): Promise<Delivery[]> => {
    const { body } = await system.api<{ data: Delivery[] }>('GET', `/deliveries?webhook_id=${webhook}`);
    return Promise.all(
      body.data.map(async ({ id }) => (await system.api<Delivery>('GET', `/deliveries/${id}`)).body),
    );
  };
  const ended = (webhook: string, count: number, status: string) =>
    waitFor(async () => {
      const deliveries = (await deliveriesOf(webhook)).filter((each) => each.status === status);
      expect(deliveries).toHaveLength(count);
      return deliveries;
    }, 30_000);

  it('gets what the transform makes of data and metadata, and the delivery shows what it wrote', async () => {
    const webhook = await create(
      'changed',
      `function transform({ data, metadata }) {
        console.log('by', metadata.by);
        return { data: { ...data, by: metadata.by }, headers: { 'X-By': metadata.by } };
      }`,
    );
    await publish('changed', { n: 1 }, { by: 'ann' });
    const [delivery] = await ended(webhook, 1, 'success');
    expect(receiver.to('/changed')[0]).toMatchObject({ headers: { 'x-by': 'ann' } });
    expect(JSON.parse(String(receiver.to('/changed')[0]?.body))).toMatchObject({ data: { n: 1, by: 'ann' } });
    expect(delivery?.attempts).toMatchObject([
      { request: { headers: { 'X-By': 'ann' } }, console: [{ level: 'log', text: 'by ann' }], error: null },
    ]);
  }, 60_000);

  it('gets nothing that the transform drops, and the delivery says so; asked for again, it is run again', async () => {
    const transform = 'function transform(event) { return event.attempt === 1 ? null : event; }';
    const webhook = await create('dropped', transform);
    await publish('dropped', { n: 1 });
    const [delivery] = await ended(webhook, 1, 'cancelled');
    expect(delivery).toMatchObject({
      reason: 'dropped_by_transform',
      attempts: [{ response: null, error: null, console: [] }],
    });
    expect(receiver.to('/dropped')).toEqual([]);
    await system.api('POST', `/deliveries/${delivery?.id}/retry`);
    await ended(webhook, 1, 'success');
    expect(receiver.to('/dropped')).toHaveLength(1);
  }, 60_000);

  it('is disabled when the transform fails time after time, and what it was owed is cancelled', async () => {
    const webhook = await create('failing', 'function transform(event) { return event.data.a.b; }');
    for (let n = 0; n < 20; n++) await publish('failing', { n });
    await waitFor(
      async () =>
        expect((await system.api('GET', `/webhooks/${webhook}`)).body).toMatchObject({
          ...{ status: 'disabled', disabled_reason: 'transform_failing' },
        }),
      30_000,
    );
    const cancelled = await ended(webhook, 20, 'cancelled');
    for (const { reason, attempts } of cancelled) {
      expect(reason).toBe('webhook_disabled');
      expect(attempts).toMatchObject([{ response: null, error: { kind: 'transform' } }]);
    }
    const history = await system.api<{ data: unknown[] }>('GET', `/webhooks/${webhook}/history`);
    expect(history.body.data[0]).toMatchObject({
      ...{ type: 'webhook.disabled', actor: 'tidings', data: { reason: 'transform_failing' } },
    });
    expect(receiver.to('/failing')).toEqual([]);
  }, 90_000);

  it('gets all of it when the dispatcher is killed while the transform runs', async () => {
    const transform = `function transform(event) {
      const until = Date.now() + 1000;
      while (Date.now() < until);
      return event.data.n % 2 ? null : event;
    }`;
    const webhook = await create('killed', transform);
    for (let n = 0; n < 6; n++) await publish('killed', { n });
    await waitFor(() => expect(receiver.to('/killed').length).toBeGreaterThan(0), 30_000);
    const { dispatcher } = await system.processes();
    process.kill(dispatcher!, 'SIGKILL');
    await ended(webhook, 3, 'success');
    await ended(webhook, 3, 'cancelled');
    const sent = receiver
      .to('/killed')
      .map(({ body }) => JSON.parse(String(body)) as { data: { n: number } });
    expect(new Set(sent.map(({ data }) => data.n))).toEqual(new Set([0, 2, 4]));
  }, 90_000);
});
