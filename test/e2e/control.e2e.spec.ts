import { startReceiver, startStandalone, waitFor, type Receiver, type RunningStandalone } from '#testing';

interface Delivery {
  id: string;
  event_id: string;
  status: string;
  attempt_count: number;
  reason: string | null;
  next_attempt_at: string | null;
  completed_at: string | null;
}
interface WithAttempts extends Delivery {
  attempts: { number: number; trigger: string; response: { status: number } | null }[];
}
interface Count {
  count: number;
}
interface Job {
  id: string;
  status: string;
  total: number | null;
  done: number;
  skipped: number;
}

/** One attempt, and then it has failed. */
const NO_RETRY = { count: 0 };
/** A retry that is scheduled, and will not be due while this runs. */
const LATE_RETRY = {
  count: 3,
  strategy: 'fixed',
  initial_delay_seconds: 600,
  max_delay_seconds: 600,
  jitter: 0,
};

describe('what people may do to deliveries', () => {
  let system: RunningStandalone;
  let receiver: Receiver;
  /** Paths whose requests are answered with 500. */
  const broken = new Set<string>();
  beforeAll(async () => {
    [system, receiver] = await Promise.all([
      startStandalone(),
      startReceiver(({ path }) => ({ status: broken.has(path) ? 500 : 204 })),
    ]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([system?.stop(), receiver?.stop()]);
  }, 30_000);

  async function ask<Body>(method: string, path: string, body?: object, expected = 200): Promise<Body> {
    const answer = await system.api<Body>(method, path, body);
    expect([answer.status, answer.body]).toEqual([expected, answer.body]);
    return answer.body;
  }
  /** A webhook for `<name>.made` at the path `/<name>`. */
  const create = async (name: string, change: object = {}) => {
    const fields = { name, url: `${receiver.url}/${name}`, event_types: [`${name}.made`], ...change };
    return (await ask<{ id: string }>('POST', '/webhooks', fields, 201)).id;
  };
  /** @returns the ids of the events */
  const publish = async (name: string, count = 1) => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++)
      ids.push((await ask<{ id: string }>('POST', '/events', { type: `${name}.made`, data: { i } }, 202)).id);
    return ids;
  };
  const deliveriesOf = async (webhook: string) =>
    (await ask<{ data: Delivery[] }>('GET', `/deliveries?webhook_id=${webhook}`)).data;
  const read = (id: string) => ask<WithAttempts>('GET', `/deliveries/${id}`);
  const retry = (id: string) => ask<WithAttempts>('POST', `/deliveries/${id}/retry`, undefined, 202);
  const cancel = (id: string) => ask<WithAttempts>('POST', `/deliveries/${id}/cancel`);
  const triggersOf = ({ attempts }: WithAttempts) =>
    attempts.map(({ trigger, response }) => `${trigger} ${response?.status}`);
  /** The deliveries of a webhook once all have come to a state, oldest first. */
  async function all(webhook: string, count: number, state: Partial<Delivery>): Promise<Delivery[]> {
    let found: Delivery[] = [];
    await waitFor(async () => {
      found = (await deliveriesOf(webhook)).reverse();
      expect(found).toEqual(Array(count).fill(expect.objectContaining(state)));
    }, 15_000);
    return found;
  }
  const one = async (webhook: string, state: Partial<Delivery>) => (await all(webhook, 1, state))[0]!;
  const gotEvents = (path: string) => receiver.to(path).map(({ headers }) => headers['webhook-id']);
  async function ended(job: Job): Promise<Job> {
    let now = job;
    await waitFor(async () => {
      now = await ask<Job>('GET', `/jobs/${job.id}`);
      expect(['pending', 'running']).not.toContain(now.status);
    }, 15_000);
    return now;
  }

  it('retry: one that has failed is owed again and made again; one that has succeeded is made again and stays a success', async () => {
    broken.add('/retried');
    const webhook = await create('retried', { retry: NO_RETRY });
    await publish('retried');
    const { id } = await one(webhook, { status: 'failed', reason: 'retries_exhausted' });
    broken.delete('/retried');
    expect(await retry(id)).toMatchObject({
      ...{ status: 'retrying', attempt_count: 1, reason: null, completed_at: null },
    });
    await one(webhook, { status: 'success', attempt_count: 2 });

    broken.add('/retried');
    expect(await retry(id)).toMatchObject({ status: 'success' });
    await waitFor(async () =>
      expect(triggersOf(await read(id))).toEqual(['auto 500', 'manual 204', 'manual 500']),
    );
    expect(await read(id)).toMatchObject({ status: 'success', attempt_count: 2 });
    expect(receiver.to('/retried')).toHaveLength(3);
  });

  it('cancel: a scheduled retry is not made, and the delivery may be brought back', async () => {
    broken.add('/taken-back');
    const webhook = await create('taken-back', { retry: LATE_RETRY });
    await publish('taken-back');
    const { id } = await one(webhook, { status: 'retrying' });
    expect(await cancel(id)).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_user' });
    await one(webhook, { status: 'cancelled', reason: 'cancelled_by_user', next_attempt_at: null });
    broken.delete('/taken-back');
    await retry(id);
    await one(webhook, { status: 'success', attempt_count: 2 });
    expect(receiver.to('/taken-back')).toHaveLength(2);
  });

  it('cancel: what waits in the lane of a paused webhook is not sent on resume, and comes once when it was brought back', async () => {
    const webhook = await create('paused');
    await ask('POST', `/webhooks/${webhook}/pause`);
    const events = await publish('paused', 3);
    const waiting = await all(webhook, 3, { status: 'pending', reason: 'webhook_paused' });
    const [first, second] = events.map((event) => waiting.find(({ event_id }) => event_id === event)!);
    await cancel(first!.id);
    await cancel(second!.id);
    await waitFor(async () => expect((await read(second!.id)).status).toBe('cancelled'));
    await retry(second!.id);
    await waitFor(async () =>
      expect(await read(second!.id)).toMatchObject({ status: 'pending', reason: 'webhook_paused' }),
    );
    await ask('POST', `/webhooks/${webhook}/resume`);
    await waitFor(async () => {
      const states = (await deliveriesOf(webhook)).map(({ status }) => status).sort();
      expect(states).toEqual(['cancelled', 'success', 'success']);
      const health = await ask<{ lane: { length: number } }>('GET', `/webhooks/${webhook}/health`);
      expect(health.lane.length).toBe(0);
    }, 15_000);
    expect(gotEvents('/paused').sort()).toEqual(events.slice(1).sort());
    expect(await read(first!.id)).toMatchObject({ status: 'cancelled', attempts: [] });
  });

  it('retry: a scheduled retry is made now instead of later', async () => {
    broken.add('/forward');
    const webhook = await create('forward', { retry: LATE_RETRY });
    await publish('forward');
    const { id } = await one(webhook, { status: 'retrying' });
    broken.delete('/forward');
    expect(await retry(id)).toMatchObject({ status: 'retrying', next_attempt_at: null });
    await one(webhook, { status: 'success', attempt_count: 2 });
    expect(triggersOf(await read(id))).toEqual(['auto 500', 'manual 204']);
  });

  it('bulk retry: counts, and then brings back what has failed', async () => {
    broken.add('/bulk');
    const webhook = await create('bulk', { retry: NO_RETRY });
    await publish('bulk', 3);
    await all(webhook, 3, { status: 'failed' });
    broken.delete('/bulk');
    const filter = { webhook_id: webhook };
    expect(await ask<Count>('POST', '/deliveries/bulk-retry', { ...filter, dry_run: true })).toEqual({
      count: 3,
    });
    expect(receiver.to('/bulk')).toHaveLength(3);
    const job = await ask<Job>('POST', '/deliveries/bulk-retry', filter, 202);
    expect(await ended(job)).toMatchObject({ status: 'done', total: 3, done: 3, skipped: 0 });
    await all(webhook, 3, { status: 'success', attempt_count: 2 });
    expect(receiver.to('/bulk')).toHaveLength(6);
  });

  it('event replay: every webhook that would receive it now gets it, again or for the first time', async () => {
    const before = await create('replayed');
    const [event] = await publish('replayed');
    await one(before, { status: 'success' });
    const later = await create('later', { event_types: ['replayed.made'] });
    const path = `/events/${event}/replay`;
    expect(await ask<Count>('POST', path, { dry_run: true })).toEqual({ count: 2 });
    expect(await ask<Count>('POST', path, {}, 202)).toMatchObject({ count: 2, skipped: 0 });
    await waitFor(() => expect(gotEvents('/later')).toEqual([event]));
    await waitFor(() => expect(gotEvents('/replayed')).toEqual([event, event]));
    expect(triggersOf(await read((await one(later, { status: 'success' })).id))).toEqual(['replay 204']);
  });

  it('webhook replay: counts what is missing, and then brings that and nothing else', async () => {
    const since = new Date().toISOString();
    await create('others', { event_types: ['missed.made'] });
    const missed = await publish('missed', 2);
    await waitFor(() => expect(gotEvents('/others')).toHaveLength(2));
    const webhook = await create('missed');
    const [seen] = await publish('missed');
    await one(webhook, { status: 'success' });
    const path = `/webhooks/${webhook}/replay`;
    const wanted = { since, only: 'missing' };
    expect(await ask<Count>('POST', path, { ...wanted, dry_run: true })).toEqual({ count: 2 });
    expect(gotEvents('/missed')).toEqual([seen]);
    expect(await ended(await ask<Job>('POST', path, wanted, 202))).toMatchObject({ status: 'done', done: 2 });
    await all(webhook, 3, { status: 'success' });
    expect(gotEvents('/missed').sort()).toEqual([...missed, seen].sort());
    expect(await ask<Count>('POST', path, { ...wanted, dry_run: true })).toEqual({ count: 0 });
  });

  it('test: answers with the finished attempt, of a paused webhook too', async () => {
    broken.add('/tried');
    const webhook = await create('tried', { status: 'inactive' });
    const path = `/webhooks/${webhook}/test`;
    const tried = await ask<{ delivery_id: string; event_id: string }>('POST', path, {});
    expect(tried).toMatchObject({ number: 1, trigger: 'test', response: { status: 500 } });
    broken.delete('/tried');
    expect(await ask('POST', path, {})).toMatchObject({ response: { status: 204 }, error: null });
    expect(gotEvents('/tried')[0]).toBe(tried.event_id);
    await waitFor(async () =>
      expect((await system.api('GET', `/deliveries/${tried.delivery_id}`)).body).toMatchObject({
        ...{ status: 'failed', reason: 'test_failed' },
      }),
    );
  });
});
