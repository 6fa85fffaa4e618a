import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '#testing';
import { startDispatcher } from '../start-dispatcher.js';
import { startTestDispatcher, type TestDispatcher } from '../testing/dispatcher-for-tests.js';

let test: TestDispatcher;

beforeAll(async () => {
  test = await startTestDispatcher();
}, 30_000);

afterAll(() => test.stop(), 30_000);

const laneOf = async (webhook: string) => (await test.bus.lanes.lengths()).get(webhook) ?? 0;
const heldOf = (webhook: string) =>
  test.journal.of('delivery.held').filter((fact) => fact.webhook === webhook);

describe('a paused webhook', () => {
  it('has its deliveries held, and gets them when it is resumed', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    const owed = await test.owe(webhook);
    await test.owe(webhook);
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(2));
    await waitFor(() => expect(heldOf(webhook.id)).toHaveLength(2));
    expect(heldOf(webhook.id).find((fact) => fact.delivery === owed.delivery)).toMatchObject({
      reason: 'webhook_paused',
      attempt_count: 0,
    });
    expect(test.receiver.to(webhook.path)).toEqual([]);

    await test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(2));
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(0));
    expect(test.receiver.to(webhook.path).map(({ headers }) => headers['x-tidings-attempt'])).toEqual([
      '1',
      '1',
    ]);
  });

  it('keeps the number of the attempt that was due', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    await test.owe(webhook, '1', { attempt: 3 });
    await waitFor(() => expect(heldOf(webhook.id)).toEqual([expect.objectContaining({ attempt_count: 2 })]));
    await test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    await waitFor(() =>
      expect(test.receiver.to(webhook.path).map(({ headers }) => headers['x-tidings-attempt'])).toEqual([
        '3',
      ]),
    );
  });

  it('that is deleted has what it was owed cancelled', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    const owed = await test.owe(webhook);
    await waitFor(() => expect(heldOf(webhook.id)).toHaveLength(1));
    await test.bus.webhooks.remove(webhook.tenant, webhook.id);
    await waitFor(
      () =>
        expect(
          test.journal.of('delivery.cancelled').filter((fact) => fact.delivery === owed.delivery),
        ).toEqual([expect.objectContaining({ reason: 'webhook_deleted' })]),
      15_000,
    );
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(0));
  }, 30_000);

  it('delays no other webhook, however much it is owed', async () => {
    const paused = await test.webhook({ status: 'inactive' });
    await Promise.all(Array.from({ length: 500 }, () => test.owe(paused)));
    const active = await test.webhook();
    const began = Date.now();
    await test.owe(active);
    await waitFor(() => expect(test.receiver.to(active.path)).toHaveLength(1));
    expect(Date.now() - began).toBeLessThan(2_000);
  });

  it('that is paused again while its lane empties keeps what is left, without a stir', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    await Promise.all(Array.from({ length: 1_500 }, () => test.owe(webhook)));
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(1_500), 20_000);
    test.receiver.answer({ delayMs: 20 });
    await test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    await waitFor(() => expect(test.receiver.to(webhook.path).length).toBeGreaterThan(0));
    await test.bus.webhooks.put({ ...webhook, version: 3, status: 'inactive' });
    await sleep(1_000);
    const delivered = test.receiver.to(webhook.path).length;
    expect(delivered).toBeLessThan(1_500);
    await sleep(1_000);
    expect(test.receiver.to(webhook.path)).toHaveLength(delivered);
    await waitFor(async () => expect((await laneOf(webhook.id)) + delivered).toBe(1_500));

    await test.bus.webhooks.put({ ...webhook, version: 4, status: 'active' });
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(1_500), 20_000);
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(0));
  }, 60_000);

  it('that was resumed while no dispatcher ran gets its deliveries when one starts', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    await test.owe(webhook);
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(1));
    await test.app.stop();
    await test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    test.app = await startDispatcher(test.options);
    await waitFor(() => expect(test.receiver.to(webhook.path)).toHaveLength(1));
  }, 30_000);

  it('gets each delivery once when it is resumed while its home moves', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    await Promise.all(Array.from({ length: 300 }, () => test.owe(webhook)));
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(300));
    test.receiver.answer({ delayMs: 20 });
    await test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' });
    const second = await startDispatcher(test.options);
    await waitFor(() => expect(test.receiver.to(webhook.path).length).toBeGreaterThanOrEqual(300), 20_000);
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(0));
    await sleep(500);
    expect(test.receiver.to(webhook.path)).toHaveLength(300);
    await second.stop();
  }, 60_000);

  it('keeps and gets its deliveries over a crash of the NATS server', async () => {
    const webhook = await test.webhook({ status: 'inactive' });
    await Promise.all(Array.from({ length: 50 }, () => test.owe(webhook)));
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(50));
    await test.nats.kill();
    await test.nats.restart();
    await waitFor(() => test.bus.webhooks.put({ ...webhook, version: 2, status: 'active' }), 20_000);
    await waitFor(() => expect(test.receiver.to(webhook.path).length).toBeGreaterThanOrEqual(50), 30_000);
    await waitFor(async () => expect(await laneOf(webhook.id)).toBe(0));
  }, 90_000);
});
