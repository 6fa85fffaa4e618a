import { Webhook as StandardWebhook } from 'standardwebhooks';
import { waitFor } from '#testing';
import { itWithPython, printedInNode, printedInPython } from './printed-receiver.js';
import {
  takesOnlyOurs,
  Walk,
  type Delivery,
  type Page,
  type Stats,
  type Tried,
  type Webhook,
} from './walk.js';

/** "Event Types". The document counts 16 and lists these 17. */
const EVENTS = [
  ...['email.received', 'email.sent', 'email.indexed'],
  ...['calendar.event.created', 'calendar.event.updated', 'calendar.event.deleted'],
  ...['task.created', 'task.updated', 'task.completed', 'task.deleted'],
  ...['indexing.started', 'indexing.completed', 'indexing.failed'],
  ...['user.created', 'user.settings.updated', 'export.completed', 'sync.completed'],
];
const SECRET = 'a secret that was given once';
const SIGNATURE = 'x-webhook-signature';
const NO_RETRY = { count: 0 };
const inPython = (secret = SECRET) => printedInPython('notely.py.txt', '/webhook', secret);
const inNode = (secret = SECRET) => printedInNode('notely.js.txt', '/webhook', secret);

describe('Notely: its Webhook Implementation Quick Reference, from top to bottom', () => {
  let walk: Walk;
  let mine: Webhook;
  let retries: Awaited<ReturnType<Walk['retriesOf']>>;
  beforeAll(async () => {
    // Its default timeout, its backoff, and the days after which it cleans up.
    walk = await Walk.start('notely', {
      timeout_seconds: 10,
      retention_days: 30,
      retry: { count: 3, initial_delay_seconds: 2, jitter: 0 },
    });
    // Its waits at half their length, under way while the rest is walked.
    retries = await walk.retriesOf('notely', 'indexing.failed', { initial_delay_seconds: 1 });
  }, 120_000);
  afterAll(() => walk?.stop(), 30_000);

  it('Event Types, GET /api/webhooks/event-types: POST /event-types/import, then GET /event-types', () =>
    walk.importsCatalogue('notely.json', EVENTS));

  it('1. Create Webhook Subscription, POST /api/webhooks: POST /webhooks', async () => {
    mine = await walk.create({
      name: 'My webhook',
      url: walk.at('/webhook'),
      event_types: ['email.received', 'task.completed'],
      description: 'My webhook',
      retry: { count: 3 },
      timeout_seconds: 10,
      format: 'notely',
    });
    expect(mine).toMatchObject({
      ...{ timeout_seconds: 10, status: 'active' },
      retry: { count: 3, initial_delay_seconds: 2 },
    });
  });

  it('2. Save the Secret: it is in the answer to create, and in no other', async () => {
    expect(mine.secret).toMatch(/^whsec_/);
    expect(JSON.stringify(await walk.ask('GET', `/webhooks/${mine.id}`))).not.toContain(mine.secret);
    expect(JSON.stringify(await walk.ask('GET', '/webhooks'))).not.toContain(mine.secret);
  });

  it('GET /api/webhooks, GET, PATCH /api/webhooks/{id}: GET /webhooks, GET, PATCH /webhooks/{id}; timeouts up to 60 s and beyond', async () => {
    const { data } = await walk.ask<Page<Webhook>>('GET', '/webhooks');
    expect(data.map(({ name }) => name)).toEqual(['My webhook', 'retries of notely']);
    const change = { timeout_seconds: 60, description: 'Mine' };
    expect(await walk.ask('PATCH', `/webhooks/${mine.id}`, change)).toMatchObject(change);
    expect(await walk.ask('GET', `/webhooks/${mine.id}`)).toMatchObject(change);
  });

  it('4. Test Webhook, POST /api/webhooks/{id}/test: POST /webhooks/{id}/test', async () => {
    const tried = await walk.ask<Tried>('POST', `/webhooks/${mine.id}/test`);
    expect(tried).toMatchObject({ trigger: 'test', response: { status: 204 } });
    expect(Object.keys(JSON.parse(tried.request.body) as object)).toEqual([
      ...['event_type', 'event_id', 'timestamp', 'data'],
    ]);
  });

  it('Trigger Email Received Webhook: POST /events; the receiver gets event_type, event_id, timestamp and data', async () => {
    const data =
      '{"subject":"Meeting Reminder","from":"john@example.com","to":["me@example.com"],"date":"2024-01-15T10:00:00Z"}';
    const fields = { id: 'msg-123', timestamp: '2024-01-15T10:00:01Z' };
    await walk.publish('email.received', JSON.parse(data), fields);
    const { id } = await walk.delivery(mine.id, { event_id: 'msg-123', status: 'success' });
    const { body, headers } = await walk.received('/webhook', 2);
    expect(body.toString()).toBe(
      `{"event_type":"email.received","event_id":"msg-123","timestamp":"2024-01-15T10:00:01Z","data":${data}}`,
    );
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-webhook-event': 'email.received',
      'x-webhook-delivery': id,
      [SIGNATURE]: expect.stringMatching(/^sha256=[0-9a-f]{64}$/) as unknown,
    });
  });

  it('Trigger Task Completed Webhook: POST /events', async () => {
    const event_id = await walk.publish('task.completed', {
      title: 'Write',
      completed_at: '2024-01-15T10:00:00',
    });
    await walk.delivery(mine.id, { event_id, status: 'success' });
  });

  it('3. Implement Endpoint, Node.js: the document’s JavaScript takes our requests in ASCII, and no others; what is not ASCII its own code refuses, as it writes it in another way than the Python beside it', async () => {
    const printed = await inNode();
    try {
      const { id } = await walk.create({
        ...{ name: 'node', url: walk.passedTo('/node', printed), event_types: ['task.*'] },
        ...{ secret: SECRET, format: 'notely', retry: NO_RETRY },
      });
      for (const data of [
        '{"z":1,"10":{"b":"/","a":"\\"\\\\"},"9":[]}',
        '{"a":1.0,"b":0.1,"c":-2.50,"d":1e3}',
        '[]',
      ]) {
        const event_id = await walk.publishText('task.updated', data);
        const { attempts } = await walk.delivery(id, { event_id, status: 'success' });
        expect(attempts[0]?.response).toMatchObject({ status: 200, body: 'OK' });
      }
      for (const request of walk.receiver.to('/node')) await takesOnlyOurs(printed, request, SIGNATURE);
      const event_id = await walk.publishText('task.updated', '{"name":"Zoë"}');
      const { attempts } = await walk.delivery(id, { event_id, status: 'failed' });
      expect(attempts[0]?.response).toMatchObject({ status: 401, body: 'Invalid signature' });
    } finally {
      await printed.stop();
    }
  });

  itWithPython(
    '3. Implement Endpoint, Python: the document’s Flask takes our requests, non-ASCII text and any numbers among them, and no others',
    async () => {
      const printed = await inPython();
      try {
        const { id } = await walk.create({
          ...{ name: 'python', url: walk.passedTo('/python', printed), event_types: ['calendar.>'] },
          ...{ secret: SECRET, format: 'notely', retry: NO_RETRY },
        });
        for (const data of [
          '{"z":1,"10":{"b":"/","a":"\\"\\\\"},"9":[]}',
          '{"name":"Zoë 😀","größe":"\u2028\\u007f"}',
          '{"a":1.0,"b":1e21,"c":12345678901234567890,"d":-0.0,"e":1E-7,"f":0.1}',
        ]) {
          const event_id = await walk.publishText('calendar.event.created', data);
          const { attempts } = await walk.delivery(id, { event_id, status: 'success' });
          expect(attempts[0]?.response).toMatchObject({ status: 200, body: 'OK' });
        }
        for (const request of walk.receiver.to('/python')) await takesOnlyOurs(printed, request, SIGNATURE);
      } finally {
        await printed.stop();
      }
    },
  );

  it('a secret replaced, POST /webhooks/{id}/rotate-secret: the one signature is the newest’s, and both secrets sign v1', async () => {
    const next = 'the secret after it';
    const [before, after] = await Promise.all([inNode(), inNode(next)]);
    try {
      const { id } = await walk.create({
        ...{ name: 'rotated', url: walk.passedTo('/rotated', after), event_types: ['export.completed'] },
        ...{ secret: SECRET, format: 'notely', retry: NO_RETRY },
      });
      await walk.ask('POST', `/webhooks/${id}/rotate-secret`, { secret: next, overlap_seconds: 3600 });
      await walk.publish('export.completed', { n: 1 });
      await walk.delivery(id, { status: 'success' });
      const request = await walk.received('/rotated');
      await takesOnlyOurs(after, request, SIGNATURE);
      expect(await before.take(request)).toMatchObject({ status: 401 });
      for (const secret of [SECRET, next])
        expect(() =>
          new StandardWebhook(secret, { format: 'raw' }).verify(
            request.body.toString(),
            request.headers as Record<string, string>,
          ),
        ).not.toThrow();
    } finally {
      await Promise.all([before.stop(), after.stop()]);
    }
  });

  it('User ownership validation: what is one tenant’s is 404 with another’s key', async () => {
    const stranger = await walk.strangersKey();
    for (const path of [`/webhooks/${mine.id}`, '/deliveries', '/webhooks']) {
      const { status, body } = await walk.askWith<Partial<Page<unknown>>>(stranger, 'GET', path);
      expect([status, body.data ?? []]).toEqual([path.includes(mine.id) ? 404 : 200, []]);
    }
    const { status } = await walk.askWith(stranger, 'DELETE', `/webhooks/${mine.id}`);
    expect(status).toBe(404);
  });

  it('GET /api/webhooks/{id}/deliveries: GET /webhooks/{id}/deliveries, the newest first', async () => {
    const { data } = await walk.ask<Page<Delivery>>('GET', `/webhooks/${mine.id}/deliveries`);
    expect(data.map(({ event_type, status }) => `${event_type} ${status}`)).toEqual([
      ...['task.completed success', 'email.received success', 'webhook.test success'],
    ]);
  });

  it('retry_failed_webhooks_task: POST /deliveries/bulk-retry brings back what has failed', async () => {
    const { data } = await walk.ask<Page<Webhook>>('GET', '/webhooks?q=node');
    const failed = { webhook_id: data[0]?.id, status: 'failed', dry_run: true };
    expect(await walk.ask('POST', '/deliveries/bulk-retry', failed)).toEqual({ count: 1 });
  });

  it('Monitoring Queries: the retry queue is GET /deliveries?status=retrying, failures GET /deliveries?status=failed, a webhook’s success rate its health', async () => {
    const url = walk.at('/down', () => ({ status: 500 }));
    const { id } = await walk.create({
      ...{ name: 'down', url, event_types: ['sync.completed'] },
      retry: { initial_delay_seconds: 60 },
    });
    await walk.publish('sync.completed', {});
    await walk.delivery(id, { status: 'retrying' });
    const queue = await walk.ask<Page<{ webhook_id: string }>>('GET', '/deliveries?status=retrying');
    expect(queue.data.map(({ webhook_id }) => webhook_id)).toContain(id);
    const health = (webhook: string) => walk.ask<object>('GET', `/webhooks/${webhook}/health`);
    expect(await health(id)).toMatchObject({ rates: { success_rate_last_hour: 0 } });
    expect(await health(mine.id)).toMatchObject({ rates: { success_rate_last_hour: 1 } });
  });

  it('Monitoring Queries: success rate of 24 hours, retry queue and top failing webhooks of 7 days are in GET /stats', async () => {
    const { data: webhooks } = await walk.ask<Page<Webhook>>('GET', '/webhooks?limit=250');
    // Retries are under way meanwhile: what is asked one after the other need not fit together at once.
    await waitFor(async () => {
      const each = new Map<string, Stats>();
      for (const { id, name } of webhooks) each.set(name, await walk.statsOf(id));
      const sum = (of: (stats: Stats) => number) => [...each.values()].reduce((all, one) => all + of(one), 0);
      const success = sum(({ deliveries }) => deliveries.success ?? 0);
      const failed = sum(({ deliveries }) => deliveries.failed ?? 0);
      const stats = await walk.ask<Stats>('GET', '/stats?window=24h');
      expect(stats).toMatchObject({
        deliveries: { total: sum(({ deliveries }) => deliveries.total ?? 0), success, failed },
        success_rate: success / (success + failed),
        retry_queue: sum(({ retry_queue }) => retry_queue),
      });
      expect(stats.retry_queue).toBeGreaterThan(0);
      const { top_failing } = await walk.ask<Stats>('GET', '/stats?window=7d');
      const failing = [...each].filter(([, { deliveries }]) => (deliveries.failed ?? 0) > 0);
      expect(failing.length).toBeGreaterThan(0);
      expect(Object.fromEntries(top_failing.map(({ name, failed }) => [name, failed]))).toEqual(
        Object.fromEntries(failing.map(([name, { deliveries }]) => [name, deliveries.failed])),
      );
    }, 30_000);
  }, 60_000);

  it('cleanup_old_deliveries_task: the tenant’s retention_days', async () => {
    expect(await walk.ask('GET', '/tenants/notely')).toMatchObject({ retention_days: 30 });
  });

  it('Common Issues: a receiver that is too slow is told from one that refuses', async () => {
    const url = walk.at('/slow', () => ({ delayMs: 3_000 }));
    const { id } = await walk.create({ name: 'slow', url, event_types: ['email.sent'], timeout_seconds: 1 });
    const tried = await walk.ask<Tried>('POST', `/webhooks/${id}/test`, {});
    expect(tried).toMatchObject({ error: { kind: 'timeout' } });
  });

  it(
    'Exponential backoff retry: 2, 4 and 8 seconds, here half as long; then it has failed',
    () => retries.waited([1, 2, 4]),
    60_000,
  );

  it('DELETE /api/webhooks/{id}: DELETE /webhooks/{id}', async () => {
    await walk.ask('DELETE', `/webhooks/${mine.id}`, undefined, 204);
    await walk.ask('GET', `/webhooks/${mine.id}`, undefined, 404);
  });
});
