import { createHmac } from 'node:crypto';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { itWithPython, printedInPython } from './printed-receiver.js';
import { takesOnlyOurs, Walk, type Delivery, type Page, type Stats, type Webhook } from './walk.js';

/** "Event Types". */
const EVENTS = [
  ...['user.created', 'user.updated', 'user.deleted'],
  ...['order.created', 'order.updated', 'order.completed', 'order.cancelled'],
  ...['payment.completed', 'payment.failed'],
  ...['project.created', 'project.updated', 'project.completed'],
  ...['document.created', 'document.updated', 'document.shared'],
  ...['meeting.scheduled', 'meeting.started', 'meeting.ended'],
  ...['email.received', 'email.sent', 'task.created', 'task.completed', 'analytics.report_generated'],
];
/** As the document's receiver has it. */
const SECRET = 'your-webhook-secret';
const SIGNATURE = 'x-webhook-signature';
const NO_RETRY = { count: 0 };
const hmac = (secret: string, body: Buffer) =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

describe('NEXUS: its Webhooks Module, from top to bottom', () => {
  let walk: Walk;
  let mine: Webhook;
  let retries: Awaited<ReturnType<Walk['retriesOf']>>;
  beforeAll(async () => {
    // "Configuration": five attempts, 60 seconds, by factor 2; 30 days.
    walk = await Walk.start('nexus', {
      timeout_seconds: 30,
      retention_days: 30,
      retry: { count: 4, initial_delay_seconds: 60, factor: 2, max_delay_seconds: 3600, jitter: 0 },
    });
    // The waits of "Retry Logic", 120 times as fast, under way while the rest is walked.
    retries = await walk.retriesOf('nexus', 'payment.failed', { initial_delay_seconds: 0.5 });
  }, 120_000);
  afterAll(() => walk?.stop(), 30_000);

  it('Event Types, GET /api/v1/events/available: POST /event-types/import, then GET /event-types', () =>
    walk.importsCatalogue('nexus.json', EVENTS));

  it('Creating a Webhook, POST /api/v1/webhooks/: POST /webhooks answers with the secret, whose text is the key', async () => {
    mine = await walk.create({
      name: 'My Webhook',
      url: walk.at('/webhook'),
      description: 'Webhook for user events',
      event_types: ['user.created', 'user.updated'],
      timeout_seconds: 30,
      status: 'active',
      format: 'nexus',
    });
    expect(mine.secret).toMatch(/^whsec_/);
    expect(mine).toMatchObject({
      ...{ status: 'active', timeout_seconds: 30 },
      retry: { count: 4, strategy: 'exponential', initial_delay_seconds: 60, factor: 2 },
    });
  });

  it('GET /api/v1/webhooks/, GET /api/v1/webhooks/{id}: GET /webhooks, GET /webhooks/{id}', async () => {
    const { data } = await walk.ask<Page<Webhook>>('GET', '/webhooks');
    expect(data.map(({ name }) => name)).toEqual(['My Webhook', 'retries of nexus']);
    const shown = await walk.ask<Webhook>('GET', `/webhooks/${mine.id}`);
    expect(shown).toMatchObject({ name: 'My Webhook', description: 'Webhook for user events' });
    expect(shown.secret).toBeUndefined();
  });

  it('Triggering an Event, POST /api/v1/events/trigger: POST /events; GET /events/{id} says how many were notified', async () => {
    const data = {
      user_id: 12345,
      email: 'user@example.com',
      name: 'John Doe',
      created_at: '2025-01-01T00:00:00Z',
    };
    await walk.publish('user.created', data, { id: 'usr_12345', timestamp: '2025-01-01T00:00:00.250Z' });
    const { body, headers } = await walk.received('/webhook');
    expect(body.toString()).toBe(
      '{"event_id":"usr_12345","event_type":"user.created","payload":{"created_at":"2025-01-01T00:00:00Z",' +
        '"email":"user@example.com","name":"John Doe","user_id":12345},"timestamp":"2025-01-01T00:00:00Z"}',
    );
    expect(headers).toMatchObject({
      ...{ 'content-type': 'application/json', 'webhook-id': 'usr_12345' },
      ...{ 'user-agent': 'NEXUS-Webhooks/1.0', [SIGNATURE]: hmac(mine.secret, body) },
    });
    await walk.delivery(mine.id, { event_id: 'usr_12345', status: 'success' });
    expect(await walk.ask('GET', '/events/usr_12345')).toMatchObject({ match_count: 1 });
  });

  it('Idempotency by event_id: the same id again is accepted once and delivered once', async () => {
    const again = { type: 'user.created', id: 'usr_12345', data: {} };
    expect(await walk.ask('POST', '/events', again, 202)).toEqual({ id: 'usr_12345', duplicate: true });
    await walk.publish('user.created', {}, { id: 'usr_12346' });
    await walk.delivery(mine.id, { event_id: 'usr_12346', status: 'success' });
    expect(walk.receiver.to('/webhook').map(({ headers }) => headers['webhook-id'])).toEqual([
      ...['usr_12345', 'usr_12346'],
    ]);
  });

  it('PATCH /api/v1/webhooks/{id}: PATCH /webhooks/{id}', async () => {
    const change = { description: 'For users', timeout_seconds: 20 };
    expect(await walk.ask('PATCH', `/webhooks/${mine.id}`, change)).toMatchObject(change);
  });

  it('GET, POST /api/v1/webhooks/{id}/events, DELETE .../{event_type}: /webhooks/{id}/event-types', async () => {
    const path = `/webhooks/${mine.id}/event-types`;
    expect(await walk.ask('GET', path)).toEqual({ event_types: ['user.created', 'user.updated'] });
    const more = { event_types: ['user.created', 'user.updated', 'user.deleted'] };
    expect(await walk.ask('POST', path, { event_type: 'user.deleted' })).toEqual(more);
    await walk.ask('DELETE', `${path}/user.updated`);
    expect(await walk.ask('GET', path)).toEqual({ event_types: ['user.created', 'user.deleted'] });
  });

  it('POST /api/v1/webhooks/{id}/regenerate-secret: POST /webhooks/{id}/rotate-secret without an overlap', async () => {
    const path = `/webhooks/${mine.id}/rotate-secret`;
    const { secret } = await walk.ask<Webhook>('POST', path, { overlap_seconds: 0 });
    expect(secret).not.toBe(mine.secret);
    const event_id = await walk.publish('user.created', { n: 1 });
    await walk.delivery(mine.id, { event_id, status: 'success' });
    const { body, headers } = walk.receiver.to('/webhook').at(-1)!;
    expect(headers[SIGNATURE]).toBe(hmac(secret, body));
    expect(String(headers['webhook-signature']).split(' ')).toHaveLength(1);
  });

  itWithPython(
    'Verifying Webhook Signature: the document’s Python takes our requests, non-ASCII text and any numbers among them, and no others',
    async () => {
      const printed = await printedInPython('nexus.py.txt', '/webhook', SECRET);
      try {
        const { id } = await walk.create({
          ...{ name: 'printed', url: walk.passedTo('/printed', printed), event_types: ['order.*'] },
          ...{ secret: SECRET, format: 'nexus', retry: NO_RETRY },
        });
        for (const data of [
          '{"z":1,"a":{"c":2,"b":[1,2]}}',
          '{"name":"Zoë 😀","größe":"\u2028\\u007f","\u{1f600}":1,"\uffff":2}',
          '{"a":1.0,"b":1e21,"c":12345678901234567890,"d":-0.0,"e":1E-7,"f":0.1}',
          '"text"',
          'null',
        ]) {
          const event_id = await walk.publishText('order.created', data);
          const { attempts } = await walk.delivery(id, { event_id, status: 'success' });
          expect(attempts[0]?.response?.body).toBe('{"status": "success"}');
        }
        for (const request of walk.receiver.to('/printed')) await takesOnlyOurs(printed, request, SIGNATURE);
      } finally {
        await printed.stop();
      }
    },
  );

  itWithPython(
    'while two secrets overlap, the one signature is the newest’s, and both sign v1: a receiver of NEXUS must know the new one first',
    async () => {
      const printed = await printedInPython('nexus.py.txt', '/webhook', SECRET);
      try {
        const { id, secret: before } = await walk.create({
          ...{ name: 'rotated', url: walk.passedTo('/rotated', printed), event_types: ['document.shared'] },
          ...{ format: 'nexus', retry: NO_RETRY },
        });
        const refused = await walk.publish('document.shared', { n: 1 });
        const { attempts } = await walk.delivery(id, { event_id: refused, status: 'failed' });
        expect(attempts[0]?.response).toMatchObject({ status: 401, body: '{"error": "Invalid signature"}' });
        await walk.ask('POST', `/webhooks/${id}/rotate-secret`, { secret: SECRET, overlap_seconds: 3600 });
        const event_id = await walk.publish('document.shared', { größe: 2 });
        await walk.delivery(id, { event_id, status: 'success' });
        const request = await walk.received('/rotated', 2);
        await takesOnlyOurs(printed, request, SIGNATURE);
        const verify = (webhook: StandardWebhook) =>
          webhook.verify(request.body.toString(), request.headers as Record<string, string>);
        expect(() => verify(new StandardWebhook(before))).not.toThrow();
        expect(() => verify(new StandardWebhook(SECRET, { format: 'raw' }))).not.toThrow();
      } finally {
        await printed.stop();
      }
    },
  );

  it('GET /api/v1/deliveries/, /?webhook_id=, /{id}: GET /deliveries, GET /deliveries/{id} with request and answer', async () => {
    const all = await walk.ask<Page<Delivery>>('GET', '/deliveries?status=success');
    const ours = await walk.ask<Page<Delivery>>('GET', `/deliveries?webhook_id=${mine.id}&status=success`);
    expect(ours.data).toHaveLength(3);
    expect(all.data).toEqual(expect.arrayContaining(ours.data));
    const read = await walk.ask<Delivery>('GET', `/deliveries/${ours.data[0]?.id}`);
    expect(read.attempts[0]).toMatchObject({
      request: { method: 'POST', url: walk.at('/webhook') },
      response: { status: 204 },
    });
  });

  it('Delivery Status: retrying until the next attempt, then success; POST /deliveries/{id}/retry makes it now', async () => {
    const url = walk.at('/flaky', (_request, count) => ({ status: count === 1 ? 503 : 200 }));
    const { id } = await walk.create({ name: 'flaky', url, event_types: ['task.created'], format: 'nexus' });
    await walk.publish('task.created', {});
    const waiting = await walk.delivery(id, { status: 'retrying', attempt_count: 1 });
    const due = Date.parse(waiting.next_attempt_at ?? '') - Date.now();
    expect(due).toBeGreaterThan(30_000);
    expect(due).toBeLessThanOrEqual(60_000);
    await walk.ask('POST', `/deliveries/${waiting.id}/retry`, undefined, 202);
    await walk.delivery(id, { status: 'success', attempt_count: 2 });
  });

  it('Delivery Status: pending while it waits in line, failed after all retries; POST /deliveries/{id}/retry brings it back', async () => {
    const url = walk.at('/down', (_request, count) => ({ status: count === 1 ? 500 : 200 }));
    const fields = {
      name: 'down',
      url,
      event_types: ['task.completed'],
      retry: NO_RETRY,
      status: 'inactive',
    };
    const { id } = await walk.create(fields);
    await walk.publish('task.completed', {});
    await walk.delivery(id, { status: 'pending' });
    await walk.ask('POST', `/webhooks/${id}/resume`);
    const failed = await walk.delivery(id, { status: 'failed' });
    await walk.ask('POST', `/deliveries/${failed.id}/retry`, undefined, 202);
    await walk.delivery(id, { status: 'success', attempt_count: 2 });
  });

  it('GET /api/v1/webhooks/{id}/stats: GET /webhooks/{id}/health has the attempts of the last hour, how many failed, the success rate', async () => {
    expect(await walk.ask('GET', `/webhooks/${mine.id}/health`)).toMatchObject({
      rates: { attempts_last_hour: 3, failed_last_hour: 0, success_rate_last_hour: 1 },
    });
  });

  it('Statistics: total, successful and failed deliveries and the success rate are GET /webhooks/{id}/stats, trends GET /stats/timeseries', async () => {
    const { deliveries, success_rate } = await walk.statsOf(mine.id);
    expect([deliveries.failed, success_rate]).toEqual([0, 1]);
    const { points } = await walk.ask<{ points: Stats[] }>(
      'GET',
      `/stats/timeseries?window=7d&step=1d&webhook_id=${mine.id}`,
    );
    const byDay = points.map((point) => point.deliveries.total ?? 0);
    expect([byDay.length, byDay.reduce((all, one) => all + one, 0)]).toEqual([8, deliveries.total]);
  });

  it('LOG_RETENTION_DAYS: a setting of the tenant', async () => {
    expect(await walk.ask('GET', '/tenants/nexus')).toMatchObject({ retention_days: 30 });
  });

  it(
    'Retry Logic: after 60, 120, 240 and 480 seconds, here 120 times as fast; then it has failed',
    () => retries.waited([0.5, 1, 2, 4]),
    60_000,
  );

  it('DELETE /api/v1/webhooks/{id}: DELETE /webhooks/{id}', async () => {
    await walk.ask('DELETE', `/webhooks/${mine.id}`, undefined, 204);
    await walk.ask('GET', `/webhooks/${mine.id}`, undefined, 404);
  });
});
