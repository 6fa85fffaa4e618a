import { deliveryIdOf, newId, type AttemptFinished, type DeliveryRef, type Fact } from '#domain';
import { openDatabase, Projection, type DataSource } from '#persistence';
import { idsOf, member, startApi, type TestApi } from '../testing/api-for-tests.js';
import { createdWebhook } from '../testing/webhooks-for-tests.js';

let api: TestApi;
let database: DataSource;
beforeAll(async () => {
  api = await startApi();
  database = await openDatabase(api.postgres.url, { name: 'spec' });
  await new Projection(database).project(facts());
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await api.stop();
});

const DELIVERIES = '/api/v1/deliveries';
/** Between two days of the record, both within what is kept. */
const midnight = Math.floor(Date.now() / 86_400_000 - 3) * 86_400_000;
const time = (at: number) => new Date(midnight + at).toISOString();
const base = midnight - 1_500;

const ref = (event: string, webhook: string, at: number, event_type = 'task.completed'): DeliveryRef => ({
  tenant: 'default',
  delivery: deliveryIdOf(event, webhook, at),
  event,
  event_type,
  webhook,
  created_at: at,
});
const one = ref('e-1', 'wh_a', base);
const two = ref('e-2', 'wh_a', base + 1_000, 'task.created');
const three = ref('e-2', 'wh_b', base + 1_001, 'task.created');
const four = ref('e-3', 'wh_b', base + 2_000);
const all = [four, three, two, one].map((each) => each.delivery);

const attempt = (of: DeliveryRef, number: number, more: Partial<AttemptFinished>, status?: number): Fact => ({
  kind: 'attempt.finished',
  ...of,
  attempt: {
    id: newId('att', of.created_at + number),
    number,
    trigger: 'auto',
    started_at: of.created_at + number * 1_000,
    duration_ms: 12,
    request: { method: 'POST', url: 'https://example.com/', headers: { z: '1', a: '2' }, body: '{"a":1.0}' },
    response:
      status === undefined ? null : { status, headers: { 'x-b': 'c' }, body: 'said', truncated: false },
    error:
      status === undefined
        ? { kind: 'connect', message: 'refused' }
        : status < 300
          ? null
          : { kind: 'http_status', message: `${status}` },
    ...(status === undefined ? { console: [{ level: 'log' as const, text: '<b>said</b>' }] } : {}),
  },
  outcome: 'success',
  next_attempt_at: null,
  reason: null,
  ...more,
});

function facts(): Fact[] {
  const accepted = (of: DeliveryRef): Fact => ({
    kind: 'event.accepted',
    tenant: of.tenant,
    id: of.event,
    type: of.event_type,
    timestamp: new Date(of.created_at).toISOString(),
    accepted_at: of.created_at,
    data: '{}',
    metadata: null,
    sequence: 1,
    match_count: 1,
    matches: [{ delivery: of.delivery, webhook: of.webhook }],
  });
  return [
    ...[one, two, three, four].map(accepted),
    attempt(one, 1, { outcome: 'retrying', next_attempt_at: base + 5_000 }),
    attempt(one, 2, { outcome: 'success' }, 200),
    attempt(two, 1, { outcome: 'retrying', next_attempt_at: base + 60_000 }, 500),
    attempt(three, 1, { outcome: 'failed', reason: 'retries_exhausted' }, 404),
  ];
}

const list = (query: string, headers?: Record<string, string>) =>
  api.ask('GET', `${DELIVERIES}?${query}`, undefined, headers);

/** The ids of all pages: one that no index serves may be short, even empty, on a machine that is busy. */
async function idsOfAllPages(path: string, query: string): Promise<unknown[]> {
  const ids: unknown[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const answer = await api.ask('GET', `${path}?${query}${cursor && `&cursor=${cursor}`}`);
    ids.push(...idsOf(answer));
    cursor = (answer.json as { next_cursor: string | null }).next_cursor;
  }
  return ids;
}

describe('a delivery', () => {
  it('is shown with its attempts, as they were made', async () => {
    const answer = await api.ask('GET', `${DELIVERIES}/${one.delivery}`);
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      id: one.delivery,
      event_id: 'e-1',
      event_type: 'task.completed',
      webhook_id: 'wh_a',
      status: 'success',
      attempt_count: 2,
      next_attempt_at: null,
      created_at: time(-1_500),
      completed_at: expect.stringMatching(/Z$/) as string,
      reason: null,
      attempts: [
        {
          id: expect.stringMatching(/^att_/) as string,
          number: 1,
          trigger: 'auto',
          started_at: time(-500),
          duration_ms: 12,
          request: {
            method: 'POST',
            url: 'https://example.com/',
            headers: { z: '1', a: '2' },
            body: '{"a":1.0}',
          },
          response: null,
          error: { kind: 'connect', message: 'refused' },
          console: [{ level: 'log', text: '<b>said</b>' }],
        },
        {
          id: expect.stringMatching(/^att_/) as string,
          number: 2,
          trigger: 'auto',
          started_at: time(500),
          duration_ms: 12,
          request: expect.any(Object) as object,
          response: { status: 200, headers: { 'x-b': 'c' }, body: 'said', truncated: false },
          error: null,
          console: null,
        },
      ],
    });
  });

  it('that was not attempted yet is pending and has no attempts', async () => {
    const answer = await api.ask('GET', `${DELIVERIES}/${four.delivery}`);
    expect(answer.json).toMatchObject({ status: 'pending', attempt_count: 0, attempts: [] });
  });

  it('is not there for another tenant, nor is one that never was', async () => {
    const other = await api.ask('GET', `${DELIVERIES}/${one.delivery}`, undefined, {
      'tidings-tenant': 'acme',
    });
    expect([other.status, other.json]).toMatchObject([404, { code: 'delivery_not_found' }]);
    for (const id of ['dlv_x', newId('dlv'), `dlv_${'z'.repeat(26)}`, 'wh_1', '%00'])
      expect((await api.ask('GET', `${DELIVERIES}/${id}`)).status).toBe(404);
  });
});

describe('the list of deliveries', () => {
  it.each<[string, number[]]>([
    ['', [0, 1, 2, 3]],
    ['webhook_id=wh_a', [2, 3]],
    ['event_id=e-2', [1, 2]],
    ['event_type=task.created', [1, 2]],
    ['status=pending', [0]],
    ['status=retrying', [2]],
    ['status=failed&webhook_id=wh_b', [1]],
    ['status_code=500', [2]],
    ['status_code=404', [1]],
    ['since=MIDNIGHT', [0]],
    ['until=SECOND_BEFORE', [3]],
    ['since=SECOND_BEFORE&until=MIDNIGHT', [1, 2]],
    ['webhook_id=wh_unknown', []],
  ])('?%s finds, newest first, what it should', async (query, found) => {
    const times = query.replace('MIDNIGHT', time(0)).replace('SECOND_BEFORE', time(-1_000));
    expect(await idsOfAllPages(DELIVERIES, times)).toEqual(found.map((i) => all[i]));
  });

  it('goes on by cursor through days', async () => {
    const first = await list('limit=3');
    expect(idsOf(first)).toEqual(all.slice(0, 3));
    const rest = await list(`limit=3&cursor=${member(first, 'next_cursor')}`);
    expect(idsOf(rest)).toEqual(all.slice(3));
    expect(rest.json).toMatchObject({ next_cursor: null });
  });

  it('is empty for another tenant, by filter and by cursor', async () => {
    const cursor = member(await list('limit=1'), 'next_cursor');
    for (const query of ['', 'webhook_id=wh_a', 'event_id=e-2', `cursor=${cursor}`])
      expect(idsOf(await list(query, { 'tidings-tenant': 'acme' }))).toEqual([]);
  });

  it.each([
    'status=lost',
    'status_code=99',
    'status_code=abc',
    'since=now',
    'webhook_id=%00',
    'cursor=WyJ4Il0',
    'odd=1',
  ])('refuses ?%s with 422', async (query) => {
    expect((await list(query)).status).toBe(422);
  });
});

describe('the deliveries of a webhook', () => {
  it('are those alone, filtered as the list of all is', async () => {
    const path = await createdWebhook(api);
    const webhook = path.split('/').at(-1) ?? '';
    const [first, second] = ['e-10', 'e-11'].map((event, i) => ref(event, webhook, base + 10_000 + i));
    await new Projection(database).project([
      attempt(first!, 1, { outcome: 'failed', reason: 'retries_exhausted' }, 500),
      attempt(second!, 1, { outcome: 'success' }, 200),
    ]);
    const ids = (query: string) => idsOfAllPages(`${path}/deliveries`, query);
    expect(await ids('')).toEqual([second!.delivery, first!.delivery]);
    expect(await ids('status=failed')).toEqual([first!.delivery]);
    const page = await api.ask('GET', `${path}/deliveries?limit=1`);
    expect(await ids(`cursor=${member(page, 'next_cursor')}`)).toEqual([first!.delivery]);
    expect((await api.ask('GET', `${path}/deliveries?webhook_id=wh_a`)).status).toBe(422);
  });

  it('are not there for a webhook that is not, or is another tenant’s', async () => {
    const path = await createdWebhook(api);
    for (const [asked, tenant] of [
      ['/api/v1/webhooks/wh_a', 'default'],
      [path, 'acme'],
    ] as const) {
      const answer = await api.ask('GET', `${asked}/deliveries`, undefined, { 'tidings-tenant': tenant });
      expect([answer.status, answer.json]).toMatchObject([404, { code: 'webhook_not_found' }]);
    }
  });
});
