import { startReceiver, startStandalone, waitFor, type Receiver, type RunningStandalone } from '#testing';

interface Delivery {
  status: string;
  reason: string | null;
  next_attempt_at: string | null;
}

/** A retry that is scheduled, and will not be due while this runs. */
const LATE_RETRY = {
  count: 3,
  strategy: 'fixed',
  initial_delay_seconds: 600,
  max_delay_seconds: 600,
  jitter: 0,
};

describe('a webhook that ends while deliveries are scheduled', () => {
  let system: RunningStandalone;
  let receiver: Receiver;
  beforeAll(async () => {
    [system, receiver] = await Promise.all([startStandalone(), startReceiver()]);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([system?.stop(), receiver?.stop()]);
  }, 30_000);

  const create = async (name: string) => {
    const { body } = await system.api<{ id: string }>('POST', '/webhooks', {
      ...{ name, url: `${receiver.url}/${name}`, event_types: [`${name}.*`], retry: LATE_RETRY },
    });
    return body.id;
  };
  const publish = (name: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, i) =>
        system.api('POST', '/events', { type: `${name}.made`, data: { i } }),
      ),
    );
  const deliveriesOf = async (webhook: string) =>
    (await system.api<{ data: Delivery[] }>('GET', `/deliveries?webhook_id=${webhook}`)).body.data;
  const states = async (webhook: string) =>
    (await deliveriesOf(webhook)).map(({ status, reason }) => `${status} ${reason ?? ''}`.trim()).sort();
  const fivefold = (state: string) => Array<string>(5).fill(state);

  it('is disabled by a 410: what was scheduled ends as cancelled at once, nothing more is sent, and a person can resume it', async () => {
    receiver.answer({ status: 500 });
    const webhook = await create('gone');
    await publish('gone', 5);
    await waitFor(async () => expect(await states(webhook)).toEqual(fivefold('retrying')));

    receiver.answer({ status: 410 });
    await publish('gone', 1);
    await waitFor(async () =>
      expect(await states(webhook)).toEqual([
        ...fivefold('cancelled webhook_disabled'),
        'failed receiver_gone',
      ]),
    );
    expect(receiver.to('/gone')).toHaveLength(6);
    const shown = await system.api('GET', `/webhooks/${webhook}`);
    expect(shown.body).toMatchObject({ status: 'disabled', disabled_reason: 'receiver_gone' });
    const history = await system.api<{ data: unknown[] }>('GET', `/webhooks/${webhook}/history`);
    expect(history.body.data[0]).toMatchObject({
      ...{ type: 'webhook.disabled', actor: 'tidings', data: { reason: 'receiver_gone' } },
    });
    const health = await system.api('GET', `/webhooks/${webhook}/health`);
    expect(health.body).toMatchObject({
      ...{ status: 'disabled', disabled_reason: 'receiver_gone', last_success_at: null, lane: { length: 0 } },
      failing_since: expect.any(String) as unknown,
      rates: { attempts_last_hour: 6, failed_last_hour: 6, success_rate_last_hour: 0 },
    });

    await publish('gone', 1);
    receiver.answer({});
    await system.api('POST', `/webhooks/${webhook}/resume`);
    await publish('gone', 1);
    await waitFor(async () => expect(await states(webhook)).toContain('success'));
    const resumed = await system.api('GET', `/webhooks/${webhook}`);
    expect(resumed.body).toMatchObject({ status: 'active', disabled_reason: null });
    expect(receiver.to('/gone')).toHaveLength(7);
  }, 60_000);

  it('is disabled when its receiver asks for it', async () => {
    receiver.answer({ status: 200, headers: { 'webhook-delivery': 'disable' } });
    const webhook = await create('asked');
    await publish('asked', 1);
    await waitFor(async () =>
      expect((await system.api('GET', `/webhooks/${webhook}`)).body).toMatchObject({
        ...{ status: 'disabled', disabled_reason: 'receiver_asked' },
      }),
    );
  }, 30_000);

  it('is deleted: what was scheduled ends as cancelled at once', async () => {
    receiver.answer({ status: 500 });
    const webhook = await create('deleted');
    await publish('deleted', 5);
    await waitFor(async () => expect(await states(webhook)).toEqual(fivefold('retrying')));
    await system.api('DELETE', `/webhooks/${webhook}`);
    await waitFor(async () => expect(await states(webhook)).toEqual(fivefold('cancelled webhook_deleted')));
    expect(receiver.to('/deleted')).toHaveLength(5);
  }, 30_000);
});
