import { createHmac } from 'node:crypto';
import { Walk, type Delivery, type Page, type Tried, type Webhook } from './walk.js';

/** "Supported Events". */
const EVENTS = [
  ...['agent.started', 'agent.stopped', 'agent.failed'],
  ...['workflow.started', 'workflow.completed', 'workflow.failed'],
  ...['task.scheduled', 'task.executed', 'task.failed'],
  ...['api.key.created', 'api.key.revoked', 'api.limit.exceeded'],
  ...['system.health.degraded', 'system.health.restored', 'custom'],
];
const NO_RETRY = { count: 0 };

describe('SystemPrompt OS: its Webhooks Module, from top to bottom', () => {
  let walk: Walk;
  let mine: Webhook;
  let retries: Awaited<ReturnType<Walk['retriesOf']>>[];
  beforeAll(async () => {
    // "Retry Configuration" and "Configuration": three attempts, 30 seconds, 30 days.
    walk = await Walk.start('systemprompt', {
      timeout_seconds: 30,
      retention_days: 30,
      retry: {
        count: 2,
        strategy: 'exponential',
        initial_delay_seconds: 1,
        max_delay_seconds: 60,
        jitter: 0,
      },
    });
    // The default as it is, the other strategies with one retry more and half as long, while the rest is walked.
    const half = { count: 3, initial_delay_seconds: 0.5 };
    retries = [
      await walk.retriesOf('default', 'task.failed', {}),
      await walk.retriesOf('linear', 'task.failed', { ...half, strategy: 'linear' }),
      await walk.retriesOf('fixed', 'task.failed', { ...half, strategy: 'fixed' }),
    ];
  }, 120_000);
  afterAll(() => walk?.stop(), 30_000);

  it('Supported Events: the catalogue is imported, POST /event-types/import', () =>
    walk.importsCatalogue('systemprompt-os.json', EVENTS));

  it('prompt webhooks:create: POST /webhooks with method, headers and auth', async () => {
    mine = await walk.create({
      name: 'My Webhook',
      url: walk.at('/webhook'),
      event_types: ['agent.started', 'agent.failed'],
      method: 'POST',
      headers: { 'X-Custom': 'value' },
      auth: { type: 'bearer', token: 'secret123' },
      format: 'systemprompt',
    });
    expect(mine).toMatchObject({
      ...{ method: 'POST', auth: { type: 'bearer' }, timeout_seconds: 30 },
      retry: { count: 2, strategy: 'exponential', initial_delay_seconds: 1, max_delay_seconds: 60 },
    });
  });

  it('prompt webhooks:list [--status] [--event]: GET /webhooks?status=&event_type=', async () => {
    const names = async (query: string) =>
      (await walk.ask<Page<Webhook>>('GET', `/webhooks?${query}`)).data.map(({ name }) => name);
    expect(await names('status=active&event_type=agent.failed')).toEqual(['My Webhook']);
    expect(await names('status=inactive')).toEqual([]);
    expect(await names('')).toHaveLength(4);
  });

  it('prompt webhooks:info: GET /webhooks/{id}', async () => {
    const shown = await walk.ask<Webhook>('GET', `/webhooks/${mine.id}`);
    expect(shown).toMatchObject({ id: mine.id, name: 'My Webhook' });
    expect(JSON.stringify(shown)).not.toContain('secret123');
  });

  it('Usage Example, triggerWebhook: POST /events with data and metadata; the receiver gets both', async () => {
    const data =
      '{"agent_id":"agent_123","agent_name":"Data Processor","started_at":"2024-01-01T12:00:00.000Z"}';
    await walk.publish('agent.started', JSON.parse(data), {
      timestamp: '2024-01-01T12:00:00.000Z',
      metadata: { triggered_by: 'scheduler' },
    });
    const { body } = await walk.received('/webhook');
    expect(body.toString()).toBe(
      `{"webhook_id":"${mine.id}","event":"agent.started","timestamp":"2024-01-01T12:00:00.000Z",` +
        `"data":${data},"metadata":{"triggered_by":"scheduler"}}`,
    );
  });

  it('Headers: each is there', async () => {
    const { headers } = await walk.received('/webhook');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'SystemPrompt-Webhook/1.0',
      'x-webhook-event': 'agent.started',
      'x-webhook-id': mine.id,
      'x-webhook-timestamp': '2024-01-01T12:00:00.000Z',
      'x-custom': 'value',
      authorization: 'Bearer secret123',
    });
  });

  it('prompt webhooks:update: PATCH /webhooks/{id} with name and status', async () => {
    const change = { name: 'New Name', status: 'inactive' };
    expect(await walk.ask('PATCH', `/webhooks/${mine.id}`, change)).toMatchObject(change);
    const back = { name: 'My Webhook', status: 'active' };
    expect(await walk.ask('PATCH', `/webhooks/${mine.id}`, back)).toMatchObject(back);
  });

  it('prompt webhooks:test: POST /webhooks/{id}/test sends the example of the catalogue', async () => {
    const tried = await walk.ask<Tried>('POST', `/webhooks/${mine.id}/test`, { event_type: 'agent.started' });
    expect(tried).toMatchObject({ trigger: 'test', response: { status: 204 }, error: null });
    expect(JSON.parse(tried.request.body)).toMatchObject({
      ...{ webhook_id: mine.id, event: 'agent.started', data: { agent_id: 'agent_42' } },
    });
  });

  it('prompt webhooks:trigger: POST /events with the type custom', async () => {
    const url = walk.at('/custom');
    const { id } = await walk.create({
      name: 'custom',
      url,
      event_types: ['custom'],
      format: 'systemprompt',
    });
    await walk.publish('custom', { message: 'test' }, { metadata: { source: 'cli' } });
    expect(JSON.parse((await walk.received('/custom')).body.toString())).toMatchObject({
      ...{ webhook_id: id, event: 'custom', data: { message: 'test' }, metadata: { source: 'cli' } },
    });
  });

  it('prompt webhooks:deliveries [--limit]: GET /webhooks/{id}/deliveries?limit=, GET /deliveries/{id}', async () => {
    await walk.delivery(mine.id, { event_type: 'agent.started', status: 'success' });
    const path = `/webhooks/${mine.id}/deliveries?limit=50`;
    const { data } = await walk.ask<Page<Delivery>>('GET', path);
    expect(data.map(({ status }) => status)).toEqual(['success', 'success']);
  });

  it('prompt webhooks:stats: GET /webhooks/{id}/health', async () => {
    expect(await walk.ask('GET', `/webhooks/${mine.id}/health`)).toMatchObject({
      rates: { attempts_last_hour: 1, failed_last_hour: 0, success_rate_last_hour: 1 },
    });
  });

  it('prompt webhooks:stats over longer times, "response times and success rates": GET /webhooks/{id}/stats', async () => {
    const { success_rate, latency_ms } = await walk.statsOf(mine.id);
    expect([success_rate, latency_ms.p50]).toEqual([1, expect.any(Number)]);
  });

  it('prompt webhooks:retry: POST /deliveries/{id}/retry', async () => {
    const url = walk.at('/flaky', (_request, count) => ({ status: count === 1 ? 500 : 200 }));
    const fields = { name: 'flaky', url, event_types: ['workflow.failed'], retry: NO_RETRY };
    const { id } = await walk.create({ ...fields, format: 'systemprompt' });
    await walk.publish('workflow.failed', {});
    const failed = await walk.delivery(id, { status: 'failed' });
    await walk.ask('POST', `/deliveries/${failed.id}/retry`, undefined, 202);
    const { attempts } = await walk.delivery(id, { status: 'success', attempt_count: 2 });
    expect(attempts[1]).toMatchObject({ trigger: 'manual' });
    const [first, second] = walk.receiver.to('/flaky').map(({ body }) => body.toString());
    expect(second).toBe(first);
  });

  it('prompt webhooks:pause, resume: POST /webhooks/{id}/pause and /resume; what came meanwhile is not lost', async () => {
    const path = `/webhooks/${mine.id}`;
    expect(await walk.ask('POST', `${path}/pause`)).toMatchObject({ status: 'inactive' });
    const event_id = await walk.publish('agent.failed', {});
    await walk.delivery(mine.id, { event_id, status: 'pending', reason: 'webhook_paused' });
    expect(await walk.ask('POST', `${path}/resume`)).toMatchObject({ status: 'active' });
    await walk.delivery(mine.id, { event_id, status: 'success' });
  });

  it.each([
    ['Basic', { type: 'basic', username: 'user', password: 'pass' }, 'authorization', 'Basic dXNlcjpwYXNz'],
    ['Bearer Token', { type: 'bearer', token: 'your-token' }, 'authorization', 'Bearer your-token'],
    ['API Key', { type: 'api_key', key: 'key', header_name: 'X-API-Key' }, 'x-api-key', 'key'],
  ])('Authentication Types, %s: auth %j', async (name, auth, header, value) => {
    const path = `/${auth.type}`;
    const { id } = await walk.create({ name, url: walk.at(path), event_types: ['custom'], auth });
    await walk.ask('POST', `/webhooks/${id}/test`, {});
    expect((await walk.received(path)).headers[header]).toBe(value);
    await walk.ask('DELETE', `/webhooks/${id}`, undefined, 204);
  });

  it('Authentication Types, HMAC Signature: auth of type hmac; sha256=<signature> of the body in X-Webhook-Signature', async () => {
    const auth = { type: 'hmac', secret: 'shared-secret' };
    const url = walk.at('/hmac');
    const event_types = ['workflow.started'];
    const { id } = await walk.create({ name: 'hmac', url, event_types, auth, format: 'systemprompt' });
    await walk.publish('workflow.started', { name: 'Zoë 😀' });
    const signedBy = (secret: string, body: Buffer) =>
      `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const first = await walk.received('/hmac');
    expect(first.body.toString()).toContain('{"name":"Zoë 😀"}');
    expect(first.headers['x-webhook-signature']).toBe(signedBy('shared-secret', first.body));
    // Its secret is one of the webhook's auth: replaced, it is replaced at once.
    await walk.ask('PATCH', `/webhooks/${id}`, { auth: { secret: 'the next secret' } });
    const { request } = await walk.ask<Tried>('POST', `/webhooks/${id}/test`, {});
    const second = await walk.received('/hmac', 2);
    expect(second.headers['x-webhook-signature']).toBe(signedBy('the next secret', second.body));
    expect(request.body).toBe(second.body.toString());
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'GET'])('Flexible Configuration: the method %s', async (method) => {
    const path = `/by-${method}`;
    const { id } = await walk.create({ name: method, url: walk.at(path), event_types: ['custom'], method });
    await walk.ask('POST', `/webhooks/${id}/test`, {});
    expect((await walk.received(path)).method).toBe(method);
    await walk.ask('DELETE', `/webhooks/${id}`, undefined, 204);
  });

  it('Configuration: timeout and retention are settings of the tenant', async () => {
    const settings = { timeout_seconds: 30, retention_days: 30 };
    expect(await walk.ask('GET', '/tenants/systemprompt')).toMatchObject(settings);
  });

  it('Retry Configuration: exponential waits 1 and 2 seconds; linear and fixed, here half as long, 1, 2, 3 and 1, 1, 1', async () => {
    await retries[0]?.waited([1, 2]);
    await retries[1]?.waited([0.5, 1, 1.5]);
    await retries[2]?.waited([0.5, 0.5, 0.5]);
  }, 60_000);

  it('prompt webhooks:delete: DELETE /webhooks/{id}', async () => {
    await walk.ask('DELETE', `/webhooks/${mine.id}`, undefined, 204);
    await walk.ask('GET', `/webhooks/${mine.id}`, undefined, 404);
  });
});
