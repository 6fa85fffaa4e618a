import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { itWithPython, printedInPython } from './printed-receiver.js';
import { takesOnlyOurs, Walk, type Page, type Tried, type Webhook } from './walk.js';

/** "Supported Events". */
const EVENTS = [
  ...['job.started', 'job.progress', 'job.completed', 'job.failed'],
  ...['request.created', 'request.updated', 'request.status.changed'],
  ...['embedding.started', 'embedding.completed', 'embedding.failed'],
];
const TOKEN = 'your-secret-token';
const SIGNATURE = 'x-taskflow-signature';
const NO_RETRY = { count: 0 };

describe('TaskFlow: its Webhook Integration Guide, from top to bottom', () => {
  let walk: Walk;
  let integration: Webhook;
  let retries: Awaited<ReturnType<Walk['retriesOf']>>;
  beforeAll(async () => {
    // What TaskFlow does by itself, and its rate limits.
    walk = await Walk.start('taskflow', {
      max_webhooks: 10,
      max_deliveries_per_hour_per_webhook: 1000,
      auto_disable: { idle_days: 30 },
      retry: { count: 3, initial_delay_seconds: 2, max_delay_seconds: 60, jitter: 0 },
    });
    // The waits of "Retry Logic" at half their length, under way while the rest is walked.
    retries = await walk.retriesOf('taskflow', 'embedding.failed', { initial_delay_seconds: 1 });
  }, 120_000);
  afterAll(() => walk?.stop(), 30_000);

  it('Supported Events: the catalogue is imported, POST /event-types/import', () =>
    walk.importsCatalogue('taskflow.json', EVENTS));

  it('Creating a Webhook: POST /webhooks, with the fields of the document', async () => {
    integration = await walk.create({
      name: 'My Integration',
      url: walk.at('/webhook'),
      description: 'Notify my system about job completions',
      event_types: ['job.completed', 'job.failed'],
      headers: { 'X-Custom-Header': 'value' },
      secret: TOKEN,
      retry: { count: 3 },
      timeout_seconds: 30,
      format: 'taskflow',
    });
    expect(integration).toMatchObject({
      ...{ status: 'active', secret: TOKEN, timeout_seconds: 30 },
      retry: { enabled: true, count: 3, strategy: 'exponential', initial_delay_seconds: 2, factor: 2 },
    });
  });

  it('Webhook Fields: the name is unique, what is required is, and defaults and bounds are the document’s', async () => {
    const fields = { name: 'plain', url: 'https://example.com/webhook', event_types: ['job.failed'] };
    const plain = await walk.create(fields);
    expect(plain).toMatchObject({
      ...{ description: '', headers: {}, status: 'active', timeout_seconds: 30 },
      retry: { enabled: true, count: 3 },
    });
    await walk.ask('POST', '/webhooks', fields, 409);
    for (const missing of ['name', 'url', 'event_types'])
      await walk.ask('POST', '/webhooks', { ...fields, [missing]: undefined }, 422);
    for (const [i, bound] of [
      { retry: { count: 0 }, timeout_seconds: 5 },
      { retry: { count: 10 }, timeout_seconds: 300 },
    ].entries()) {
      const { id } = await walk.create({ ...fields, name: `bound ${i}`, ...bound });
      await walk.ask('DELETE', `/webhooks/${id}`, undefined, 204);
    }
    await walk.ask('POST', '/webhooks', { ...fields, timeout_seconds: 301 }, 422);
    const inactive = { status: 'inactive' };
    expect(await walk.ask('PATCH', `/webhooks/${plain.id}`, inactive)).toMatchObject(inactive);
    await walk.ask('DELETE', `/webhooks/${plain.id}`, undefined, 204);
  });

  it('Webhook Payload: type, request_id, timestamp to the second and payload, in this order', async () => {
    const payload =
      '{"job_id":"550e8400-e29b-41d4-a716-446655440000","workflow_id":5,"duration_ms":15000,"result":{"z":1,"a":"Zoë"}}';
    await walk.publish('job.completed', JSON.parse(payload), {
      timestamp: '2024-02-01T12:34:56.789Z',
      metadata: { request_id: 123 },
    });
    const { body, method } = await walk.received('/webhook');
    expect([method, body.toString()]).toEqual([
      'POST',
      `{"type":"job.completed","request_id":123,"timestamp":"2024-02-01T12:34:56Z","payload":${payload}}`,
    ]);
  });

  it('Common Headers: each is there, and the delivery id is the one of GET /deliveries/{id}', async () => {
    const { headers, body } = await walk.received('/webhook');
    const { id } = await walk.delivery(integration.id, { status: 'success' });
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-taskflow-event': 'job.completed',
      'x-taskflow-delivery-id': id,
      [SIGNATURE]: `sha256=${createHmac('sha256', TOKEN).update(body).digest('hex')}`,
      'x-custom-header': 'value',
    });
  });

  itWithPython(
    'Signature Verification, Custom Integration: the document’s Python takes our requests, and no others',
    async () => {
      const printed = await printedInPython('taskflow.py.txt', '/taskflow-webhook', TOKEN);
      try {
        const { id } = await walk.create({
          name: 'Custom Integration',
          url: walk.passedTo('/printed', printed),
          event_types: ['job.completed', 'request.created'],
          secret: TOKEN,
          format: 'taskflow',
          retry: NO_RETRY,
        });
        for (const data of [
          { plain: 1 },
          { größe: 'Zoë 😀', '€': ['\u2028', '\u007f'] },
          { n: 1e21, f: 0.1 },
        ]) {
          const event_id = await walk.publish('job.completed', data);
          const { attempts } = await walk.delivery(id, { event_id, status: 'success' });
          expect(attempts[0]?.response?.body).toBe('{"status": "ok"}');
        }
        for (const request of walk.receiver.to('/printed')) await takesOnlyOurs(printed, request, SIGNATURE);
        const { headers, ...unsigned } = await walk.received('/printed');
        const without = { ...headers, [SIGNATURE]: '' };
        expect(await printed.take({ ...unsigned, headers: without })).toMatchObject({ status: 401 });
        await walk.ask('DELETE', `/webhooks/${id}`, undefined, 204);
      } finally {
        await printed.stop();
      }
    },
  );

  itWithPython(
    'secret_token replaced: POST /webhooks/{id}/rotate-secret; the one signature is the newest’s, and both secrets sign v1',
    async () => {
      const next = 'the next secret token';
      const [before, after] = await Promise.all(
        [TOKEN, next].map((token) => printedInPython('taskflow.py.txt', '/taskflow-webhook', token)),
      );
      try {
        const { id } = await walk.create({
          ...{ name: 'rotated', url: walk.passedTo('/rotated', after!), event_types: ['request.updated'] },
          ...{ secret: TOKEN, format: 'taskflow', retry: NO_RETRY },
        });
        await walk.ask('POST', `/webhooks/${id}/rotate-secret`, { secret: next, overlap_seconds: 3600 });
        await walk.publish('request.updated', { n: 1 });
        const request = await walk.received('/rotated');
        await walk.delivery(id, { status: 'success' });
        await takesOnlyOurs(after!, request, SIGNATURE);
        expect(await before!.take(request)).toMatchObject({ status: 401 });
        for (const secret of [TOKEN, next])
          expect(() =>
            new StandardWebhook(secret, { format: 'raw' }).verify(
              request.body.toString(),
              request.headers as Record<string, string>,
            ),
          ).not.toThrow();
        await walk.ask('DELETE', `/webhooks/${id}`, undefined, 204);
      } finally {
        await Promise.all([before?.stop(), after?.stop()]);
      }
    },
  );

  it('Retry Logic: what is a failure: a non-2xx answer, a timeout, a network error', async () => {
    const slow = walk.at('/slow', () => ({ delayMs: 3_000 }));
    const gone = walk.at('/gone', () => ({ hangUp: true }));
    const moved = walk.at('/moved', () => ({ status: 302, headers: { location: '/webhook' } }));
    for (const [url, error] of [
      [slow, 'timeout'],
      [gone, 'reset'],
      [moved, 'http_status'],
    ] as const) {
      const { id } = await walk.create({
        name: error,
        url,
        event_types: ['job.started'],
        timeout_seconds: 1,
      });
      const tried = await walk.ask<Tried>('POST', `/webhooks/${id}/test`, {});
      expect(tried).toMatchObject({ error: { kind: error } });
      await walk.ask('DELETE', `/webhooks/${id}`, undefined, 204);
    }
  });

  it('List Webhooks: GET /webhooks', async () => {
    const { data } = await walk.ask<Page<Webhook>>('GET', '/webhooks');
    expect(data.map(({ name }) => name)).toEqual(['My Integration', 'retries of taskflow']);
  });

  it('Update Webhook: PATCH /webhooks/{id}', async () => {
    const event_types = ['job.completed', 'job.failed', 'request.created'];
    expect(await walk.ask('PATCH', `/webhooks/${integration.id}`, { event_types })).toMatchObject({
      event_types,
    });
  });

  it('Test Webhook: POST /webhooks/{id}/test with event_type and data', async () => {
    const tried = await walk.ask<Tried>('POST', `/webhooks/${integration.id}/test`, {
      event_type: 'job.completed',
      data: { custom: 'test data' },
    });
    expect(tried).toMatchObject({ trigger: 'test', response: { status: 204 }, error: null });
    expect(JSON.parse(tried.request.body)).toMatchObject({
      ...{ type: 'job.completed', request_id: null, payload: { custom: 'test data' } },
    });
    expect(tried.request.headers).toMatchObject({ 'X-TaskFlow-Delivery-ID': tried.delivery_id });
  });

  it('View Delivery History: GET /webhooks/{id}/deliveries?status=failed, page after page by next_cursor', async () => {
    walk.at('/webhook', () => ({ status: 400, body: 'not like this' }));
    await walk.ask('PATCH', `/webhooks/${integration.id}`, { retry: { ...NO_RETRY } });
    const events = [await walk.publish('job.failed', { n: 1 }), await walk.publish('job.failed', { n: 2 })];
    for (const event_id of events) await walk.delivery(integration.id, { event_id, status: 'failed' });
    const first = `/webhooks/${integration.id}/deliveries?status=failed&limit=1`;
    const page1 = await walk.ask<Page<{ event_id: string }>>('GET', first);
    const page2 = await walk.ask<Page<{ event_id: string }>>('GET', `${first}&cursor=${page1.next_cursor}`);
    expect([...page2.data, ...page1.data].map(({ event_id }) => event_id).sort()).toEqual(events.sort());
    const { attempts } = await walk.delivery(integration.id, { event_id: events[0], status: 'failed' });
    expect(attempts[0]).toMatchObject({
      error: { kind: 'http_status' },
      response: { status: 400, body: 'not like this' },
    });
  });

  it('Slack Notification: POST /webhooks with timeout_seconds 10', async () => {
    const slack = await walk.create({
      name: 'Slack Notifications',
      url: 'https://hooks.slack.com/services/YOUR/WEBHOOK/URL',
      event_types: ['job.failed', 'request.created'],
      headers: {},
      timeout_seconds: 10,
      status: 'inactive',
    });
    expect(slack).toMatchObject({ timeout_seconds: 10 });
    await walk.ask('DELETE', `/webhooks/${slack.id}`, undefined, 204);
  });

  it('Troubleshooting: whether it is active, what it listens to, and what went wrong', async () => {
    const path = `/webhooks/${integration.id}`;
    expect(await walk.ask('GET', path)).toMatchObject({ status: 'active' });
    expect(await walk.ask('GET', `${path}/event-types`)).toEqual({
      event_types: ['job.completed', 'job.failed', 'request.created'],
    });
    expect(await walk.ask('GET', `${path}/health`)).toMatchObject({ rates: { failed_last_hour: 2 } });
  });

  it('Rate Limits: the eleventh webhook of a tenant is refused', async () => {
    const fields = { url: 'https://example.com/webhook', event_types: ['job.failed'], status: 'inactive' };
    const made = [];
    for (let n = 3; n <= 10; n++) made.push((await walk.create({ ...fields, name: `number ${n}` })).id);
    const refused = await walk.ask('POST', '/webhooks', { ...fields, name: 'number 11' }, 422);
    expect(refused).toMatchObject({ code: 'webhook_limit_reached', limit: 10, count: 10 });
    await walk.ask('POST', '/webhooks/bulk-delete', { ids: made });
  });

  it('Rate Limits: deliveries an hour, shown with three of them; idle for 30 days is a setting of the tenant', async () => {
    const shown = { max_deliveries_per_hour_per_webhook: 1000, auto_disable: { idle_days: 30 } };
    expect(await walk.ask('GET', '/tenants/taskflow')).toMatchObject(shown);
    await walk.ask('PATCH', '/tenants/taskflow', { max_deliveries_per_hour_per_webhook: 3 });
    const url = walk.at('/limited');
    const { id } = await walk.create({ name: 'limited', url, event_types: ['job.progress'] });
    for (let n = 1; n <= 4; n++) await walk.publish('job.progress', { n });
    await walk.delivery(id, { status: 'pending', reason: 'rate_limited' });
    expect(walk.receiver.to('/limited')).toHaveLength(3);
  });

  it(
    'Retry Logic: at once, then after 2, 4 and 8 seconds, here half as long; then it has failed',
    () => retries.waited([1, 2, 4]),
    60_000,
  );

  it('Delete Webhook: DELETE /webhooks/{id}', async () => {
    await walk.ask('DELETE', `/webhooks/${integration.id}`, undefined, 204);
    await walk.ask('GET', `/webhooks/${integration.id}`, undefined, 404);
  });
});
