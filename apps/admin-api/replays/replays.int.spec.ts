import { readJournal, waitFor } from '#testing';
import { member, startApi, type TestAnswer, type TestApi } from '../testing/api-for-tests.js';
import { openRecord, type RecordedEvent, type TestRecord } from '../testing/record-for-tests.js';
import { createWebhook, WEBHOOKS } from '../testing/webhooks-for-tests.js';

let api: TestApi;
let record: TestRecord;
beforeAll(async () => {
  api = await startApi();
  record = await openRecord(api);
}, 60_000);
afterAll(async () => {
  await record.close();
  await api.stop();
});

const EVENTS = '/api/v1/events';
const DAY = Date.parse('2026-03-01T12:00:00Z');
const webhook = async (more: object = {}) => member(await createWebhook(api, more), 'id');
const countOf = (answer: TestAnswer) => (answer.json as { count: number }).count;
const ended = async (answer: TestAnswer) => {
  expect([answer.text, answer.status]).toEqual([answer.text, 202]);
  const id = member(answer, 'id');
  expect(answer.headers.get('location')).toBe(`/api/v1/jobs/${id}`);
  let job: TestAnswer | undefined;
  await waitFor(async () => {
    job = await api.ask('GET', `/api/v1/jobs/${id}`);
    expect((job.json as { completed_at: string | null }).completed_at).not.toBeNull();
  }, 20_000);
  return job?.json;
};
const deliveriesOf = (queued: { owed: { delivery: string } }[]) =>
  queued.map(({ owed }) => owed.delivery).sort();

describe('POST /events/{id}/replay', () => {
  const replay = (event: Pick<RecordedEvent, 'id'>, body?: object, headers?: Record<string, string>) =>
    api.ask('POST', `${EVENTS}/${event.id}/replay`, body, headers);

  it('delivers it to every webhook that would receive it now, under the ids that the deliveries always had', async () => {
    const type = 'replayed.once';
    const event = await record.event({ type, data: '{"total":120}' });
    const before = await webhook({ event_types: [type] });
    const known = await record.delivery(before, 'success', event);
    const since = await webhook({ event_types: ['replayed.*'], filter: { 'data.total': { $gte: 100 } } });
    const paused = await webhook({ event_types: [type], status: 'inactive' });
    const others = [
      await webhook({ event_types: ['replayed.*'], filter: { 'data.total': { $lt: 100 } } }),
      await webhook({ event_types: ['other.*'] }),
    ];
    expect(await replay(event, { dry_run: true })).toMatchObject({ status: 200, json: { count: 3 } });
    const answer = await replay(event);
    expect(answer).toMatchObject({ status: 202, json: { count: 3, skipped: 0 } });
    const queued = await Promise.all([before, since, paused].map((id) => record.readyFor(id, 1)));
    expect((answer.json as { deliveries: string[] }).deliveries.sort()).toEqual(deliveriesOf(queued.flat()));
    expect(queued[0]?.[0]).toMatchObject({
      owed: { delivery: known.delivery, attempt: 2, trigger: 'replay' },
      data: '{"total":120}',
    });
    expect(queued[1]?.[0]?.owed).toMatchObject({ attempt: 1, created_at: event.accepted_at });
    expect(record.queued.filter(({ owed }) => others.includes(owed.webhook))).toEqual([]);
  });

  it('delivers it to one webhook, whatever that subscribes to', async () => {
    const event = await record.event();
    const to = await webhook({ event_types: ['nothing.like.it'] });
    expect((await replay(event, { webhook_id: to })).status).toBe(202);
    expect(await record.readyFor(to, 1)).toHaveLength(1);
  });

  it('brings a scheduled delivery forward, and leaves one that is owed now as it is', async () => {
    const type = 'replayed.owed';
    const event = await record.event({ type });
    const to = await webhook({ event_types: [type] });
    const { delivery } = await record.delivery(to, 'pending', event);
    expect(await replay(event)).toMatchObject({ status: 202, json: { deliveries: [delivery], count: 1 } });
    expect(record.queued.filter(({ owed }) => owed.webhook === to)).toEqual([]);
  });

  it('is refused for a webhook that is not there or disabled, and for an event that is not', async () => {
    const event = await record.event();
    const disabled = await webhook();
    await record.database.query(`UPDATE webhooks SET status = 'disabled' WHERE id = $1`, [disabled]);
    for (const [answer, code] of [
      [await replay(event, { webhook_id: 'wh_none' }), 'webhook_not_found'],
      [await replay(event, { webhook_id: disabled }), 'webhook_disabled'],
      [await replay({ id: 'none' }), 'event_not_found'],
      [await replay(event, undefined, { 'tidings-tenant': 'acme' }), 'event_not_found'],
      [await replay(await record.event({ data: null })), 'payload_expired'],
    ] as const)
      expect(answer.json).toMatchObject({ code });
  });
});

describe('POST /webhooks/{id}/replay', () => {
  /** Ten events, an hour apart, of which every second matches by type, each with a total. */
  const tenEvents = async (type: string) => {
    const events: RecordedEvent[] = [];
    for (let i = 0; i < 10; i++)
      events.push(
        await record.event({
          type: i % 2 ? `${type}.other` : type,
          data: `{"total":${i}}`,
          accepted_at: DAY + i * 3_600_000,
        }),
      );
    return events;
  };
  const range = { since: new Date(DAY).toISOString(), until: new Date(DAY + 9 * 3_600_000).toISOString() };
  const replay = (id: string, body: object) => api.ask('POST', `${WEBHOOKS}/${id}/replay`, body);

  it('failed brings back what has failed in the range, and nothing else', async () => {
    const events = await tenEvents('range.failed');
    const to = await webhook({ event_types: ['range.failed'] });
    const failed = [];
    for (const i of [0, 2, 4]) failed.push((await record.delivery(to, 'failed', events[i])).delivery);
    await record.delivery(to, 'success', events[6]);
    const body = { ...range, only: 'failed' };
    expect(countOf(await replay(to, { ...body, dry_run: true }))).toBe(3);
    const later = { ...body, since: new Date(DAY + 1).toISOString(), dry_run: true };
    expect(countOf(await replay(to, later))).toBe(2);
    expect(await ended(await replay(to, body))).toMatchObject({
      status: 'done',
      total: 3,
      done: 3,
      skipped: 0,
    });
    const queued = await record.readyFor(to, 3);
    expect(deliveriesOf(queued)).toEqual(failed.sort());
    expect(queued.every(({ owed }) => owed.attempt === 2 && owed.trigger === 'replay')).toBe(true);
  });

  it('missing brings what the webhook would get now and never got, and what was cancelled', async () => {
    const events = await tenEvents('range.missing');
    const to = await webhook({
      event_types: ['range.missing.>', 'range.missing'],
      filter: { 'data.total': { $ne: 3 } },
    });
    for (const [i, outcome] of [
      [0, 'success'],
      [1, 'failed'],
      [2, 'retrying'],
      [4, 'pending'],
      [5, 'cancelled'],
    ] as const)
      await record.delivery(to, outcome, events[i]);
    const body = { ...range, only: 'missing' };
    // Of 0 to 8: 3 does not pass, 5 was cancelled, 6, 7 and 8 never were.
    expect(countOf(await replay(to, { ...body, dry_run: true }))).toBe(4);
    expect(await ended(await replay(to, body))).toMatchObject({ status: 'done', total: 4, done: 4 });
    const queued = await record.readyFor(to, 4);
    const attempts = new Map(queued.map(({ owed }) => [owed.event, owed.attempt]));
    expect(attempts).toEqual(new Map([5, 6, 7, 8].map((i) => [events[i]?.id, i === 5 ? 2 : 1])));
    // Those that never were too are on record before anybody attempts them.
    const journal = await readJournal(record.bus);
    await waitFor(() => {
      const brought = journal.of('delivery.brought_back').filter(({ webhook }) => webhook === to);
      expect(brought.map(({ event, attempt_count }) => [event, attempt_count]).sort()).toEqual(
        [5, 6, 7, 8].map((i) => [events[i]?.id, i === 5 ? 1 : 0]).sort(),
      );
    });
    await journal.stop();
  });

  it('missing leaves alone what another acceptance of the same event id has brought already', async () => {
    const type = 'range.twice';
    const to = await webhook({ event_types: [type] });
    const first = await record.event({ type, accepted_at: DAY });
    await record.delivery(to, 'success', first);
    await record.event({ type, id: first.id, accepted_at: DAY + 1_000 });
    expect(countOf(await replay(to, { ...range, only: 'missing', dry_run: true }))).toBe(0);
    expect(countOf(await replay(to, { ...range, only: 'all', dry_run: true }))).toBe(2);
  });

  it('all brings every event that the webhook would get now, whatever has become of it', async () => {
    const events = await tenEvents('range.all');
    const to = await webhook({ event_types: ['range.all'] });
    await record.delivery(to, 'success', events[0]);
    await record.delivery(to, 'failed', events[2]);
    const body = { ...range, only: 'all' };
    expect(countOf(await replay(to, { ...body, dry_run: true }))).toBe(5);
    expect(await ended(await replay(to, body))).toMatchObject({ status: 'done', total: 5, done: 5 });
    expect(await record.readyFor(to, 5)).toHaveLength(5);
  });

  it('is refused for a range that ends before it begins, and without a choice', async () => {
    const to = await webhook();
    for (const [body, path] of [
      [{ since: range.until, until: range.since, only: 'all' }, 'until'],
      [{ since: range.since }, 'only'],
      [{ only: 'all' }, 'since'],
    ] as const)
      expect(await replay(to, body)).toMatchObject({ status: 422, json: { errors: [{ path }] } });
    expect((await replay('wh_none', { ...range, only: 'all' })).json).toMatchObject({
      code: 'webhook_not_found',
    });
  });
});

describe('POST /deliveries/bulk-retry', () => {
  const bulk = (body: object) => api.ask('POST', '/api/v1/deliveries/bulk-retry', body);

  it('brings back what has ended and passes the filter, failed unless it is said otherwise', async () => {
    const to = await webhook();
    const made = { failed: [] as string[], success: [] as string[], cancelled: [] as string[] };
    for (const outcome of ['failed', 'failed', 'success', 'cancelled'] as const)
      made[outcome].push((await record.delivery(to, outcome)).delivery);
    await record.delivery(to, 'pending');
    const counts = async (filter: object) =>
      countOf(await bulk({ webhook_id: to, ...filter, dry_run: true }));
    expect(await counts({})).toBe(2);
    expect(await counts({ status: 'success' })).toBe(1);
    expect(await counts({ status_code: 500, event_type: 'task.completed' })).toBe(2);
    expect(await counts({ status_code: 404 })).toBe(0);
    expect(await counts({ until: '2026-01-01T00:00:00Z' })).toBe(0);
    expect(await ended(await bulk({ webhook_id: to }))).toMatchObject({
      ...{ kind: 'bulk_retry', status: 'done', total: 2, done: 2, actor: 'operator' },
      params: { webhook_id: to, status: 'failed' },
    });
    const queued = await record.readyFor(to, 2);
    expect(deliveriesOf(queued)).toEqual(made.failed.sort());
    expect(queued.every(({ owed }) => owed.trigger === 'manual')).toBe(true);
  });

  it('leaves out what belongs to webhooks that are deleted or disabled, and is refused for one of those', async () => {
    const gone = await webhook();
    const { event } = await record.delivery(gone, 'failed');
    expect(countOf(await bulk({ event_id: event, dry_run: true }))).toBe(1);
    await record.database.query(`UPDATE webhooks SET status = 'disabled' WHERE id = $1`, [gone]);
    expect((await bulk({ webhook_id: gone })).json).toMatchObject({ code: 'webhook_disabled' });
    expect(countOf(await bulk({ event_id: event, dry_run: true }))).toBe(0);
    await api.ask('DELETE', `${WEBHOOKS}/${gone}`);
    expect((await bulk({ webhook_id: gone })).json).toMatchObject({ code: 'webhook_not_found' });
    expect(await ended(await bulk({ event_id: event }))).toMatchObject({ status: 'done', total: 0, done: 0 });
  });

  it.each(['pending', 'retrying', 'sending'])(
    'is refused for what is %s, for that is owed',
    async (status) => {
      expect(await bulk({ status })).toMatchObject({ status: 422, json: { errors: [{ path: 'status' }] } });
    },
  );
});
