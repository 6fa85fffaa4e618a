import type { RoutedWebhook } from '#domain';
import { newId } from '#domain';
import { routedWebhook, startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Bus } from '../bus.js';

let nats: TestNats;
let bus: Bus;

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

async function watching() {
  const known = new Map<string, RoutedWebhook>();
  const stop = await bus.webhooks.watch({
    changed: (webhook) => known.set(webhook.id, webhook),
    removed: (tenant, id) => known.get(id)?.tenant === tenant && known.delete(id),
  });
  return { known, stop };
}

/** Another process, which makes what is missing when it starts. */
async function byAnother(work: (other: Bus) => Promise<unknown>): Promise<void> {
  const other = await Bus.open({ url: nats.url, name: 'another' }, TOPOLOGY);
  await work(other);
  await other.close();
}

describe('the bucket of webhooks', () => {
  it('is watched from empty', async () => {
    const { known, stop } = await watching();
    expect(known.size).toBe(0);
    const webhook = routedWebhook();
    await bus.webhooks.put(webhook);
    await waitFor(() => expect(known.get(webhook.id)).toEqual(webhook));
    stop();
  });

  it('tells what is there before the watch begins, then each change and removal', async () => {
    const [one, other] = [routedWebhook(), routedWebhook()];
    await bus.webhooks.put(one);
    await bus.webhooks.put(other);
    await bus.webhooks.remove(other.tenant, other.id);
    const { known, stop } = await watching();
    expect(known.get(one.id)).toEqual(one);
    expect(known.has(other.id)).toBe(false);
    await bus.webhooks.put({ ...one, version: 2 });
    await waitFor(() => expect(known.get(one.id)?.version).toBe(2));
    await bus.webhooks.remove(one.tenant, one.id);
    await waitFor(() => expect(known.has(one.id)).toBe(false));
    stop();
  });

  it('gives one webhook by its tenant and id', async () => {
    const webhook = routedWebhook();
    await bus.webhooks.put(webhook);
    expect(await bus.webhooks.get(webhook.tenant, webhook.id)).toEqual(webhook);
    expect(await bus.webhooks.get('rival', webhook.id)).toBeUndefined();
    await bus.webhooks.remove(webhook.tenant, webhook.id);
    expect(await bus.webhooks.get(webhook.tenant, webhook.id)).toBeUndefined();
  });

  it('goes on being watched after the server was killed', async () => {
    const { known, stop } = await watching();
    await nats.kill();
    await nats.restart();
    const webhook = routedWebhook();
    await byAnother((other) => other.webhooks.put(webhook));
    await waitFor(() => expect(known.get(webhook.id)).toEqual(webhook), 5_000);
    stop();
  }, 40_000);

  it('goes on being watched after NATS lost its storage and the bucket was made and filled again', async () => {
    for (let i = 0; i < 20; i++) await bus.webhooks.put(routedWebhook());
    const { known, stop } = await watching();
    await nats.kill();
    await nats.loseStore();
    await nats.restart();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const webhook = routedWebhook();
    await byAnother((other) => other.webhooks.put(webhook));
    await waitFor(() => expect(known.get(webhook.id)).toEqual(webhook), 5_000);
    stop();
  }, 60_000);

  it('goes on being watched when the server is lost again, with its store, while all is told anew', async () => {
    const size = 20_000;
    for (let i = 0; i < size; i += 1_000)
      await Promise.all(Array.from({ length: 1_000 }, () => bus.webhooks.put(routedWebhook())));
    const known = new Map<string, RoutedWebhook>();
    let told = 0;
    const inTheMiddle = Promise.withResolvers<void>();
    let again = Infinity;
    const stop = await bus.webhooks.watch({
      changed: (webhook) => {
        known.set(webhook.id, webhook);
        if (++told === again) inTheMiddle.resolve();
      },
      removed: () => undefined,
    });
    again = told + 100;
    await nats.kill();
    await nats.restart();
    await inTheMiddle.promise;
    await nats.kill();
    expect(bus.webhooks.toldUpTo).toBe(0);
    await nats.loseStore();
    await nats.restart();
    const webhook = routedWebhook();
    await waitFor(async () => {
      await byAnother((other) => other.webhooks.put(webhook));
      expect(known.get(webhook.id)).toEqual(webhook);
    }, 20_000);
    stop();
  }, 60_000);
});

describe('an event', () => {
  it('is read back by its sequence, as it was published', async () => {
    const body = Buffer.from('{"data":"Zoë"}');
    const dedupId = newId('evt');
    const { sequence } = await bus.publishEvent({ tenant: 'acme', type: 'a.b', body, dedupId });
    const place = { sequence, tenant: 'acme', type: 'a.b' };
    const [event, same] = await Promise.all([bus.events.read(place), bus.events.read(place)]);
    expect(event).toMatchObject({ tenant: 'acme', type: 'a.b', sequence });
    expect(Buffer.from(event!.payload)).toEqual(body);
    expect(event!.header('nats-msg-id')).toBe(dedupId);
    expect(event!.header('absent')).toBeUndefined();
    expect(Math.abs(event!.storedAt - Date.now())).toBeLessThan(10_000);
    expect(same).toBe(event);
  });

  it('that the stream no longer has is undefined', async () => {
    expect(await bus.events.read({ sequence: 999_999, tenant: 'acme', type: 'a.b' })).toBeUndefined();
  });
});
