import { deliveryIdOf, newId, type AttemptFinished, type DeliveryRef, type Fact } from '#domain';
import { foldTallies, openDatabase, Projection, type DataSource } from '#persistence';
import { member, startApi, type TestApi } from '../testing/api-for-tests.js';
import { createdWebhook, createWebhook, invalidAt, WEBHOOKS } from '../testing/webhooks-for-tests.js';
import type { Series, Stats } from './statistics-schemas.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

let api: TestApi;
let database: DataSource;
beforeAll(async () => {
  api = await startApi();
  database = await openDatabase(api.postgres.url, { name: 'spec' });
}, 60_000);
afterAll(async () => {
  await database.destroy();
  await api.stop();
});

let tenants = 0;
/** A tenant with nothing on record, and how to ask for it. */
async function ownTenant() {
  const tenant = `stats-${++tenants}`;
  await api.ask('POST', '/api/v1/tenants', { id: tenant, name: tenant });
  const headers = { 'tidings-tenant': tenant };
  const get = async <Answer>(path: string) =>
    (await api.ask('GET', `/api/v1${path}`, undefined, headers)).json as Answer;
  const webhook = async (name: string) => member(await createWebhook(api, { name }, headers), 'id');
  return { tenant, headers, get, webhook };
}

async function told(...facts: Fact[]): Promise<void> {
  await new Projection(database).project(facts);
  while ((await foldTallies(database)).deltas > 0);
}

type Answered = { status?: number; error?: AttemptFinished['attempt']['error']; ms?: number };

/** An event and what became of its delivery to a webhook; null is one that nobody wanted. */
function event(
  tenant: string,
  webhook: string | null,
  at: number,
  attempts: (Answered & { outcome: AttemptFinished['outcome'] })[] = [],
  type = 'order.paid',
): Fact[] {
  const id = newId('evt', at);
  const delivery = deliveryIdOf(id, webhook ?? '', at);
  const ref: DeliveryRef = {
    tenant,
    delivery,
    event: id,
    event_type: type,
    webhook: webhook ?? '',
    created_at: at,
  };
  const matches = webhook === null ? [] : [{ delivery, webhook }];
  const timestamp = new Date(at).toISOString();
  return [
    {
      kind: 'event.accepted',
      ...{ tenant, id, type, timestamp, accepted_at: at, data: '1', metadata: null, sequence: 1 },
      ...{ match_count: matches.length, matches },
    },
    ...attempts.map(({ outcome, status, error, ms = 10 }, i): AttemptFinished => ({
      kind: 'attempt.finished',
      ...ref,
      attempt: {
        ...{ id: newId('att', at), number: i + 1, trigger: 'auto', started_at: at + i, duration_ms: ms },
        request: { method: 'POST', url: 'https://example.com/', headers: {}, body: '' },
        response: status === undefined ? null : { status, headers: {}, body: '', truncated: false },
        error:
          error === undefined
            ? status && status >= 300
              ? { kind: 'http_status', message: '' }
              : null
            : error,
      },
      outcome,
      next_attempt_at: outcome === 'retrying' ? at + DAY_MS : null,
      reason: null,
    })),
  ];
}

const SUCCESS = { outcome: 'success', status: 200 } as const;
const FAILURE = { outcome: 'failed', status: 500 } as const;
const RETRY = { outcome: 'retrying', status: 503 } as const;
const TIMEOUT = { outcome: 'retrying', error: { kind: 'timeout', message: '' }, ms: 30_000 } as const;
const DROPPED = { outcome: 'cancelled' } as const;

describe('statistics', () => {
  it('of a tenant with nothing on record are zeros, and null where there is nothing to divide by', async () => {
    const { get } = await ownTenant();
    expect(await get<Stats>('/stats')).toEqual({
      window: '24h',
      since: expect.stringMatching(/:00\.000Z$/) as unknown,
      until: expect.any(String) as unknown,
      ...{ events: 0, events_unmatched: 0, events_rejected: 0 },
      deliveries: { total: 0, success: 0, failed: 0, pending: 0, sending: 0, retrying: 0, cancelled: 0 },
      attempts: { total: 0, success: 0, failed: 0, dropped: 0, test: 0 },
      attempts_per_delivery: null,
      success_rate: null,
      latency_ms: { p50: null, p95: null, p99: null },
      by_status_code: {},
      by_error_kind: {},
      last_triggered_at: null,
      retry_queue: 0,
      top_failing: [],
    });
  });

  it('tell of the window how events, deliveries and attempts fared, and by what', async () => {
    const { tenant, get, webhook } = await ownTenant();
    const [good, bad] = [await webhook('good'), await webhook('bad')];
    const now = Date.now();
    const rejected: Fact = {
      kind: 'event.rejected',
      ...{ tenant, id: 'odd', type: 'order.paid', accepted_at: now - 1, sequence: 1 },
      ...{ reason: 'not_json', excerpt: '{' },
    };
    await told(
      rejected,
      ...event(tenant, null, now - 2),
      ...event(tenant, good, now - 2 * HOUR_MS, [SUCCESS]),
      ...event(tenant, good, now - HOUR_MS, [TIMEOUT, SUCCESS]),
      ...event(tenant, good, now - 3_000, [DROPPED]),
      ...event(tenant, bad, now - 3 * HOUR_MS, [RETRY, FAILURE]),
      ...event(tenant, bad, now - 2_000, [RETRY]),
      ...event(tenant, bad, now - 1_000),
      ...event(tenant, bad, now - 25 * HOUR_MS, [FAILURE]),
    );
    expect(await get<Stats>('/stats?window=24h')).toMatchObject({
      ...{ events: 7, events_unmatched: 1, events_rejected: 1 },
      deliveries: { total: 6, success: 2, failed: 1, pending: 1, sending: 0, retrying: 1, cancelled: 1 },
      attempts: { total: 6, success: 2, failed: 4, dropped: 1, test: 0 },
      attempts_per_delivery: 1,
      success_rate: 2 / 3,
      by_status_code: { 200: 2, 500: 1, 503: 2 },
      by_error_kind: { http_status: 3, timeout: 1 },
      last_triggered_at: new Date(now - 2_000).toISOString(),
      retry_queue: 1,
      top_failing: [{ webhook_id: bad, name: 'bad', failed: 1, success: 0, success_rate: 0 }],
    });
    const { latency_ms } = await get<Stats>('/stats?window=24h');
    expect(latency_ms.p50).toBe(10);
    expect(Math.abs((latency_ms.p99 ?? 0) / 30_000 - 1)).toBeLessThan(0.045);
    expect(await get<Stats>(`/webhooks/${good}/stats`)).toMatchObject({
      ...{ events: 3, events_unmatched: 0, events_rejected: 0 },
      deliveries: { total: 3, success: 2, cancelled: 1 },
      attempts: { total: 3, success: 2, failed: 1 },
      success_rate: 1,
      ...{ retry_queue: 0, top_failing: [] },
      last_triggered_at: new Date(now - HOUR_MS + 1).toISOString(),
    });
    expect(await get<Stats>(`/webhooks/${bad}/stats?window=7d`)).toMatchObject({
      deliveries: { total: 4, failed: 2 },
      retry_queue: 1,
      top_failing: [{ webhook_id: bad, failed: 2 }],
    });
  });

  it('begin at the minute that is told, and at an hour beyond two days or of an event type', async () => {
    const { tenant, get, webhook } = await ownTenant();
    const id = await webhook('w');
    const now = Date.now();
    const minute = now - (now % MINUTE_MS) - 6 * HOUR_MS;
    const ends = (at: number) => event(tenant, id, at, [SUCCESS]);
    await told(...ends(minute - 1), ...ends(minute), ...event(tenant, id, minute, [FAILURE], 'order.sent'));
    for (const path of ['/stats', `/webhooks/${id}/stats`]) {
      const of = await get<Stats>(`${path}?window=6h`);
      expect([of.deliveries.total, of.since]).toEqual([
        new Date(minute).toISOString() === of.since ? 2 : 0,
        of.since,
      ]);
    }
    const paid = await get<Stats>('/stats?window=7h&event_type=order.paid');
    expect([paid.deliveries.total, paid.since.slice(14)]).toEqual([2, '00:00.000Z']);
    const sent = await get<Stats>('/stats?window=7h&event_type=order.sent');
    expect([sent.deliveries, sent.top_failing]).toMatchObject([
      { total: 1, failed: 1 },
      [{ webhook_id: id }],
    ]);
    expect(await get<Stats>(`/webhooks/${id}/stats?window=7h&event_type=order.sent`)).toMatchObject({
      deliveries: { total: 1 },
      top_failing: [{ webhook_id: id, failed: 1 }],
    });
    expect((await get<Stats>('/stats?window=3d')).since.slice(14)).toBe('00:00.000Z');
  });

  it('name the webhooks that fail most, ten at most, those that were deleted too', async () => {
    const { tenant, headers, get, webhook } = await ownTenant();
    const at = Date.now() - HOUR_MS;
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) {
      const id = await webhook(`w ${i}`);
      ids.push(id);
      await told(
        ...Array.from({ length: i }, () => event(tenant, id, at, [FAILURE])).flat(),
        ...event(tenant, id, at, [SUCCESS]),
      );
    }
    await api.ask('DELETE', `${WEBHOOKS}/${ids[11]}`, undefined, headers);
    const { top_failing } = await get<Stats>('/stats?window=7d');
    expect(top_failing.map(({ webhook_id, failed }) => [webhook_id, failed])).toEqual(
      ids
        .map((id, i) => [id, i])
        .reverse()
        .slice(0, 10),
    );
    expect(top_failing.slice(0, 2)).toMatchObject([
      { name: null, success: 1, success_rate: 1 / 12 },
      { name: 'w 10', success: 1 },
    ]);
  });

  it('over time show every step with the same figures, those without anything too', async () => {
    const { tenant, get, webhook } = await ownTenant();
    const [one, other] = [await webhook('one'), await webhook('other')];
    const now = Date.now();
    const today = now - (now % DAY_MS);
    await told(
      ...event(tenant, one, today - 10, [RETRY, SUCCESS]),
      ...event(tenant, other, today - DAY_MS, [FAILURE], 'order.sent'),
      ...event(tenant, one, today - 3 * DAY_MS, [SUCCESS]),
    );
    const totals = ({ points }: Series) =>
      points.map(({ deliveries, attempts }) => [deliveries.success, deliveries.failed, attempts.total]);
    const days = await get<Series>('/stats/timeseries?window=4d&step=1d');
    expect(days).toMatchObject({ window: '4d', step: '1d', webhook_id: null, event_type: null });
    expect(days.points.map(({ starts_at }) => starts_at)).toEqual(
      [4, 3, 2, 1, 0].map((ago) => new Date(today - ago * DAY_MS).toISOString()),
    );
    expect(totals(days)).toEqual([
      [0, 0, 0],
      [1, 0, 1],
      [0, 0, 0],
      [1, 1, 3],
      [0, 0, 0],
    ]);
    expect(days.points[3]).toMatchObject({ success_rate: 0.5, by_status_code: { 200: 1, 500: 1, 503: 1 } });
    expect(
      totals(await get<Series>(`/stats/timeseries?window=4d&webhook_id=${one}`)).filter(([s]) => s),
    ).toEqual([
      [1, 0, 1],
      [1, 0, 2],
    ]);
    const both = `/stats/timeseries?window=4d&step=1d&webhook_id=${other}&event_type=order.sent`;
    expect(totals(await get<Series>(both)).flat()).toEqual([...Array<number>(9).fill(0), 0, 1, 1, 0, 0, 0]);
    await told(...event(tenant, one, now - MINUTE_MS, [SUCCESS]));
    const minutes = await get<Series>('/stats/timeseries?window=10m&step=1m');
    expect(minutes.points).toHaveLength(11);
    expect(minutes.points.reduce((sum, { deliveries }) => sum + deliveries.success, 0)).toBe(1);
  });

  it.each([
    ['/stats?window=day', 'window'],
    ['/stats?window=0h', 'window'],
    ['/stats?window=91d', 'window'],
    ['/stats?event_type=order.*', 'event_type'],
    ['/stats/timeseries?step=7m', 'step'],
    ['/stats/timeseries?step=soon', 'step'],
    ['/stats/timeseries?window=3d&step=5m', 'step'],
    ['/stats/timeseries?event_type=order.paid&step=5m', 'step'],
    ['/stats/timeseries?webhook_id=', 'webhook_id'],
  ])('%s is refused, and it is said at which place', async (path, place) => {
    const answer = await api.ask('GET', `/api/v1${path}`);
    expect([answer.status, answer.json]).toMatchObject([422, invalidAt(place)]);
  });

  it('of a webhook that is not there, or is another tenant’s, are 404', async () => {
    const path = await createdWebhook(api);
    const id = path.slice(WEBHOOKS.length + 1);
    const rival = { 'tidings-tenant': 'acme' };
    for (const [asked, headers] of [
      [`${WEBHOOKS}/${newId('wh')}/stats`, undefined],
      [`${path}/stats`, rival],
      [`/api/v1/stats/timeseries?webhook_id=${id}`, rival],
    ] as const) {
      const answer = await api.ask('GET', asked, undefined, headers);
      expect([answer.status, member(answer, 'code')]).toEqual([404, 'webhook_not_found']);
    }
  });

  it('are read by a viewer, and not by a publisher', async () => {
    for (const [role, status] of [
      ['viewer', 200],
      ['publisher', 403],
    ] as const) {
      const key = member(await api.ask('POST', '/api/v1/keys', { name: `stats ${role}`, role }), 'key');
      const headers = { authorization: `Bearer ${key}` };
      for (const path of ['stats', 'stats/timeseries'])
        expect((await api.ask('GET', `/api/v1/${path}`, undefined, headers)).status).toBe(status);
    }
  });
});
