import { Bus, type JournalWriter, type OwedDelivery } from '#bus';
import { deliveryIdOf, newId } from '#domain';
import { readJournal, startNats, TOPOLOGY, waitFor, type JournalReader, type TestNats } from '#testing';
import { OwedCanceller } from './owed-canceller.js';

let nats: TestNats;
let bus: Bus;
let journal: JournalWriter;
let told: JournalReader;
const over = new Set<string>();
let canceller: OwedCanceller;
beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
  journal = bus.journal('dispatcher');
  told = await readJournal(bus);
});
beforeEach(() => {
  canceller = new OwedCanceller({
    owed: bus.owed,
    journal,
    isOver: (webhook) => over.has(webhook),
    report: () => undefined,
  });
});
afterAll(async () => {
  await told.stop();
  await journal.close(1_000);
  await bus.close();
  await nats.stop();
});

const owedTo = (webhook: string, attempt: number): OwedDelivery => {
  const event = newId('evt');
  const at = Date.now();
  return {
    delivery: deliveryIdOf(event, webhook, at),
    tenant: 'acme',
    event,
    event_type: 'order.created',
    timestamp: new Date(at).toISOString(),
    webhook,
    created_at: at,
    owed_at: at,
    attempt,
    trigger: 'auto',
    sequence: 1,
    by_reference: false,
  };
};
/** A webhook that is over and is owed so many, half of them scheduled. */
const overWebhook = async (count: number) => {
  const webhook = newId('wh');
  over.add(webhook);
  const data = Buffer.from('{}');
  await Promise.all(
    Array.from({ length: count }, (_, i) =>
      i % 2
        ? bus.deliveries.later(owedTo(webhook, 3), data, Date.now() + 3_600_000)
        : bus.deliveries.hold(owedTo(webhook, 1), data),
    ),
  );
  return webhook;
};
const cancelledOf = (webhook: string) =>
  told.of('delivery.cancelled').filter((fact) => fact.webhook === webhook);

describe('what a webhook is owed that is over', () => {
  it('ends as cancelled, each delivery with the reason and how often it was tried', async () => {
    const webhook = await overWebhook(40);
    expect(await canceller.cancelAll(webhook, 'webhook_deleted')).toBe(40);
    await waitFor(() => expect(cancelledOf(webhook)).toHaveLength(40));
    const facts = cancelledOf(webhook);
    expect(new Set(facts.map(({ reason }) => reason))).toEqual(new Set(['webhook_deleted']));
    expect(facts.filter(({ attempt_count }) => attempt_count === 0)).toHaveLength(20);
    expect(facts.filter(({ attempt_count }) => attempt_count === 2)).toHaveLength(20);
    expect(await canceller.cancelAll(webhook, 'webhook_deleted')).toBe(0);
  });

  it('is cancelled once, however often that is asked at once', async () => {
    const webhook = await overWebhook(10);
    const asked = await Promise.all([1, 2, 3].map(() => canceller.cancelAll(webhook, 'webhook_disabled')));
    expect(asked).toEqual([10, 10, 10]);
    await waitFor(() => expect(cancelledOf(webhook)).toHaveLength(10));
  });

  it('of many webhooks is cancelled a few at a time, to the last', async () => {
    const webhooks = await Promise.all(Array.from({ length: 12 }, () => overWebhook(4)));
    const counts = await Promise.all(
      webhooks.map((webhook) => canceller.cancelAll(webhook, 'webhook_deleted')),
    );
    expect(counts).toEqual(webhooks.map(() => 4));
  });

  it('stays owed when the webhook is active again', async () => {
    const webhook = await overWebhook(4);
    over.delete(webhook);
    expect(await canceller.cancelAll(webhook, 'webhook_disabled')).toBe(0);
    over.add(webhook);
    expect(await canceller.cancelAll(webhook, 'webhook_disabled')).toBe(4);
  });

  it('stays owed when this was closed, and is cancelled by the next', async () => {
    const webhook = await overWebhook(4);
    await canceller.close();
    expect(await canceller.cancelAll(webhook, 'webhook_disabled')).toBe(0);
    const next = new OwedCanceller({ owed: bus.owed, journal, isOver: () => true, report: () => undefined });
    expect(await next.cancelAll(webhook, 'webhook_disabled')).toBe(4);
  });

  it('is cancelled when NATS is back that went away meanwhile', async () => {
    const webhook = await overWebhook(400);
    const cancelled = canceller.cancelAll(webhook, 'webhook_deleted');
    await nats.kill();
    await nats.restart();
    expect(await cancelled).toBeGreaterThanOrEqual(1);
    await waitFor(() => {
      const known = new Set(cancelledOf(webhook).map(({ delivery }) => delivery));
      expect(known.size).toBe(400);
    }, 20_000);
    expect(await canceller.cancelAll(webhook, 'webhook_deleted')).toBe(0);
  }, 40_000);

  it('keeps nobody from stopping while NATS is away', async () => {
    const webhook = await overWebhook(4);
    await nats.kill();
    void canceller.cancelAll(webhook, 'webhook_deleted');
    const began = Date.now();
    await canceller.close();
    expect(Date.now() - began).toBeLessThan(5_000);
    await nats.restart();
  }, 20_000);
});
