import { Walk, type Delivery, type Page, type Stats, type Tried, type Webhook } from './walk.js';

/** "Supported Event Types". */
const EVENTS = [
  ...['task_created', 'task_updated', 'task_completed', 'task_deleted'],
  ...['reminder_created', 'reminder_due', 'reminder_completed', 'chat_message', 'custom'],
];
const TASK =
  '{"id":"task_abc123","title":"Complete project documentation","description":"Write comprehensive docs",' +
  '"status":"completed","priority":"high","tags":["documentation","project"],' +
  '"created_at":"2024-01-10T08:00:00Z","updated_at":"2024-01-15T10:30:00Z"}';

describe('RAG chatbot: its Outgoing Webhook Module, from top to bottom', () => {
  let walk: Walk;
  let tasks: Webhook;
  let withAuth: Webhook;
  let retries: Awaited<ReturnType<Walk['retriesOf']>>[];
  beforeAll(async () => {
    // "Configuration": three retries, 30 seconds at most between them, and as long for a request.
    walk = await Walk.start('rag', {
      timeout_seconds: 30,
      retry: { count: 3, initial_delay_seconds: 1, max_delay_seconds: 30, jitter: 0 },
    });
    // "Exponential Backoff" as it is, and without retries, while the rest is walked.
    retries = [
      await walk.retriesOf('rag', 'reminder_created', {}),
      await walk.retriesOf('rag-without-any', 'reminder_created', { enabled: false }),
    ];
  }, 120_000);
  afterAll(() => walk?.stop(), 30_000);

  it('Supported Event Types: the catalogue is imported, POST /event-types/import', () =>
    walk.importsCatalogue('rag-chatbot.json', EVENTS));

  it('Creating a Webhook via API, POST /api/webhooks/create: POST /webhooks', async () => {
    tasks = await walk.create({
      name: 'Slack Task Notifications',
      url: walk.at('/tasks'),
      description: 'Send notifications to Slack when tasks are completed',
      event_types: ['task_completed', 'task_created'],
      status: 'active',
      auth: { type: 'none' },
      retry: { enabled: true, count: 3 },
      timeout_seconds: 30,
      tags: ['slack', 'tasks'],
      format: 'rag-chatbot',
    });
    expect(tasks).toMatchObject({
      ...{ status: 'active', auth: { type: 'none' }, timeout_seconds: 30, tags: ['slack', 'tasks'] },
      retry: { enabled: true, count: 3, initial_delay_seconds: 1, max_delay_seconds: 30 },
    });
  });

  it('Creating a Webhook with Authentication: POST /webhooks with auth and headers', async () => {
    withAuth = await walk.create({
      name: 'Discord Webhook with Auth',
      url: walk.at('/with-auth'),
      event_types: ['reminder_due'],
      auth: { type: 'bearer', token: 'your-secret-token' },
      headers: { 'X-Custom-Header': 'value' },
      format: 'rag-chatbot',
    });
    expect(withAuth).toMatchObject({ auth: { type: 'bearer', token: '********' } });
  });

  it('Webhook Payload Format: event, timestamp to the second and data, whose bytes are kept', async () => {
    await walk.publish('task_completed', JSON.parse(TASK), { timestamp: '2024-01-15T10:30:00.000Z' });
    const { body, headers, method } = await walk.received('/tasks');
    expect([method, body.toString()]).toEqual([
      'POST',
      `{"event":"task_completed","timestamp":"2024-01-15T10:30:00Z","data":${TASK}}`,
    ]);
    expect(headers).toMatchObject({ 'content-type': 'application/json' });
    expect(headers).not.toHaveProperty('authorization');
  });

  it('Tasks, Reminders, Chat Messages: each comes by POST /events, and goes to whoever lists it', async () => {
    const url = walk.at('/all');
    const { id } = await walk.create({ name: 'all', url, event_types: EVENTS, format: 'rag-chatbot' });
    for (const type of EVENTS) await walk.publish(type, { type });
    await walk.received('/all', EVENTS.length);
    const events = walk.receiver
      .to('/all')
      .map(({ body }) => JSON.parse(body.toString()) as { event: string });
    expect(events.map(({ event }) => event).sort()).toEqual([...EVENTS].sort());
    await walk.ask('POST', `/webhooks/${id}/pause`);
    expect((await walk.received('/with-auth')).headers).toMatchObject({
      ...{ authorization: 'Bearer your-secret-token', 'x-custom-header': 'value' },
    });
  });

  it.each([
    ['None', { type: 'none' }, {}],
    [
      'Bearer Token',
      { type: 'bearer', token: 'your-secret-token' },
      { authorization: 'Bearer your-secret-token' },
    ],
    ['API Key', { type: 'api_key', key: 'your-api-key' }, { 'x-api-key': 'your-api-key' }],
    [
      'Basic Auth',
      { type: 'basic', username: 'username', password: 'password' },
      { authorization: 'Basic dXNlcm5hbWU6cGFzc3dvcmQ=' },
    ],
  ])(
    'Authentication Methods, %s: auth %j, sent as the receiver knows it, and not shown in the log',
    async (name, auth, sent) => {
      const path = `/${auth.type}`;
      const { id } = await walk.create({
        name,
        url: walk.at(path),
        event_types: ['custom'],
        auth,
        format: 'rag-chatbot',
      });
      const tried = await walk.ask<Tried>('POST', `/webhooks/${id}/test`, { event_type: 'custom' });
      const { headers } = await walk.received(path);
      expect(headers).toMatchObject(sent);
      expect('authorization' in headers).toBe('authorization' in sent);
      expect(JSON.stringify(tried)).not.toMatch(/your-|password|dXNlcm5hbWU6/);
      await walk.ask('DELETE', `/webhooks/${id}`, undefined, 204);
    },
  );

  it('GET /api/webhooks/list, GET /api/webhooks/{id}: GET /webhooks by status, event type, tag and text, GET /webhooks/{id}', async () => {
    const names = async (query: string) =>
      (await walk.ask<Page<Webhook>>('GET', `/webhooks?${query}`)).data.map(({ name }) => name);
    expect(await names('status=inactive')).toEqual(['all']);
    expect(await names('event_type=reminder_due&status=active')).toEqual(['Discord Webhook with Auth']);
    expect(await names('tag=slack')).toEqual(['Slack Task Notifications']);
    expect(await names('q=discord')).toEqual(['Discord Webhook with Auth']);
    expect(await walk.ask('GET', `/webhooks/${tasks.id}`)).toMatchObject({
      name: 'Slack Task Notifications',
    });
  });

  it('PUT /api/webhooks/{id}: PUT /webhooks/{id} with the whole webhook, PATCH with a part', async () => {
    const whole = {
      name: 'Slack Task Notifications',
      url: walk.at('/tasks'),
      event_types: ['task_completed'],
      tags: ['slack', 'done'],
      format: 'rag-chatbot',
      retry: { count: 10, max_delay_seconds: 30 },
      timeout_seconds: 300,
    };
    expect(await walk.ask('PUT', `/webhooks/${tasks.id}`, whole)).toMatchObject(whole);
    await walk.ask('PATCH', `/webhooks/${tasks.id}`, { timeout_seconds: 301 }, 422);
    const smallest = { retry: { count: 0 }, timeout_seconds: 1 };
    expect(await walk.ask('PATCH', `/webhooks/${tasks.id}`, smallest)).toMatchObject(smallest);
  });

  it('GET /api/webhooks/tags/list: GET /tags', async () => {
    const { data } = await walk.ask<Page<{ tag: string }>>('GET', '/tags');
    expect(data).toEqual([
      { tag: 'done', webhooks: 1 },
      { tag: 'slack', webhooks: 1 },
    ]);
  });

  it('POST /api/webhooks/{id}/test, the event custom: POST /webhooks/{id}/test with a payload of one’s own', async () => {
    const data = { text: 'by hand', n: 1 };
    const test = { event_type: 'custom', data };
    const tried = await walk.ask<Tried>('POST', `/webhooks/${tasks.id}/test`, test);
    expect(tried).toMatchObject({ trigger: 'test', response: { status: 204 }, error: null });
    expect(JSON.parse(tried.request.body)).toMatchObject({ event: 'custom', data });
  });

  it('Execution Logs, GET /api/webhooks/{id}/logs: GET /webhooks/{id}/deliveries, GET /deliveries/{id} with request, answer, time, error, number', async () => {
    walk.at('/tasks', () => ({ status: 422, headers: { 'x-why': 'list' }, body: 'no such list' }));
    const event_id = await walk.publish('task_completed', JSON.parse(TASK));
    const failed = await walk.delivery(tasks.id, { event_id, status: 'failed' });
    expect(failed.attempts).toEqual([
      expect.objectContaining({
        number: 1,
        trigger: 'auto',
        duration_ms: expect.any(Number) as unknown,
        request: expect.objectContaining({
          ...{ method: 'POST', url: walk.at('/tasks'), body: expect.stringContaining(TASK) as unknown },
          headers: expect.objectContaining({ 'Content-Type': 'application/json' }) as unknown,
        }) as unknown,
        response: expect.objectContaining({ status: 422, body: 'no such list' }) as unknown,
        error: expect.objectContaining({ kind: 'http_status' }) as unknown,
      }),
    ]);
    const first = `/webhooks/${tasks.id}/deliveries?limit=3`;
    const page1 = await walk.ask<Page<Delivery>>('GET', first);
    const page2 = await walk.ask<Page<Delivery>>('GET', `${first}&cursor=${page1.next_cursor}`);
    expect([page1.data.length, page2.data.length, page2.next_cursor]).toEqual([3, 2, null]);
  });

  it('Statistics, GET /api/webhooks/stats/summary: GET /webhooks/{id}/health has attempts, failures, success rate and the last time', async () => {
    const health = await walk.ask<{ last_attempt_at: string | null }>('GET', `/webhooks/${tasks.id}/health`);
    expect(health).toMatchObject({
      rates: { attempts_last_hour: 4, failed_last_hour: 1, success_rate_last_hour: 0.75 },
    });
    expect(health.last_attempt_at).not.toBeNull();
  });

  it('Statistics: total triggers, success and failure counts, success rate and last trigger are GET /webhooks/{id}/stats, of all GET /stats', async () => {
    const { deliveries, success_rate, last_triggered_at } = await walk.statsOf(tasks.id);
    const { success = 0, failed = 0 } = deliveries;
    expect([deliveries.total, success_rate]).toEqual([expect.any(Number), success / (success + failed)]);
    expect(Date.parse(last_triggered_at ?? '')).toBeLessThanOrEqual(Date.now());
    const all = await walk.ask<Stats>('GET', '/stats?window=24h');
    expect(all.deliveries.success).toBeGreaterThanOrEqual(success);
  });

  it('Validation: URLs are looked at before they are saved', async () => {
    const fields = { name: 'refused', event_types: ['custom'] };
    for (const url of [
      'not a url',
      'ftp://example.com/',
      'https://user:pass@example.com/',
      'http://169.254.169.254/',
    ])
      await walk.ask('POST', '/webhooks', { ...fields, url }, 422);
  });

  it.each([
    ['Slack', 'slack', 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXX'],
    ['Discord', 'discord', 'https://discord.com/api/webhooks/123456789/abcdefghijklmnop'],
    ['Microsoft Teams', 'teams', 'https://outlook.office.com/webhook/...'],
  ])('Common Integration Examples, %s: POST /webhooks with the format %s', async (name, format, url) => {
    const fields = { name, url, event_types: ['task_completed'], auth: { type: 'none' }, format };
    expect(await walk.create({ ...fields, status: 'inactive' })).toMatchObject(fields);
  });

  it('Common Integration Examples, Custom Endpoint: auth and a header that names the application', async () => {
    const { id } = await walk.create({
      name: 'Internal API',
      url: walk.at('/webhooks/tasks'),
      event_types: ['task_created', 'task_updated', 'task_completed'],
      auth: { type: 'bearer', token: 'your-secret-token' },
      headers: { 'X-App-Id': 'rag-chatbot' },
      format: 'rag-chatbot',
    });
    await walk.publish('task_updated', {});
    const { headers } = await walk.received('/webhooks/tasks');
    expect(headers).toMatchObject({ authorization: 'Bearer your-secret-token', 'x-app-id': 'rag-chatbot' });
    await walk.delivery(id, { status: 'success' });
  });

  it('Troubleshooting: a webhook that is not triggered says why, POST /events/preview', async () => {
    const { data } = await walk.ask<Page<{ name: string; receives: boolean; reason: string | null }>>(
      ...(['POST', '/events/preview?limit=250', { type: 'task_deleted', data: {} }] as const),
    );
    expect(data).toContainEqual(
      expect.objectContaining({ name: 'Slack Task Notifications', receives: false, reason: 'event_type' }),
    );
  });

  it('Troubleshooting: a timeout and a refused connection are told apart', async () => {
    const slow = walk.at('/slow', () => ({ delayMs: 3_000 }));
    for (const [url, kind] of [
      [slow, 'timeout'],
      ['http://127.0.0.1:1/', 'connect'],
    ] as const) {
      const { id } = await walk.create({ name: kind, url, event_types: ['custom'], timeout_seconds: 1 });
      expect(await walk.ask('POST', `/webhooks/${id}/test`, {})).toMatchObject({ error: { kind } });
    }
  });

  it('POST /api/webhooks/bulk-delete: POST /webhooks/bulk-delete', async () => {
    const { data } = await walk.ask<Page<Webhook>>('GET', '/webhooks?status=inactive');
    const ids = data.map(({ id }) => id);
    expect(ids).toHaveLength(4);
    const report = await walk.ask<Page<{ deleted: boolean }>>('POST', '/webhooks/bulk-delete', { ids });
    expect(report.data.map(({ deleted }) => deleted)).toEqual([true, true, true, true]);
  });

  it('Exponential Backoff: the retries wait 1, 2 and 4 seconds; without retries the first failure is the end', async () => {
    await retries[0]?.waited([1, 2, 4]);
    await retries[1]?.waited([]);
  }, 60_000);

  it('DELETE /api/webhooks/{id}: DELETE /webhooks/{id}', async () => {
    await walk.ask('DELETE', `/webhooks/${tasks.id}`, undefined, 204);
    await walk.ask('GET', `/webhooks/${tasks.id}`, undefined, 404);
  });
});
