import { Bus } from '../bus.js';
import type { RoutedWebhook } from '#domain';
import { routedTenant, routedWebhook, startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { bringToBucket } from './bring-to-bucket.js';
import { repairBucket } from './repair-bucket.js';

let nats: TestNats;
let bus: Bus;
beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
}, 30_000);
afterAll(async () => {
  await bus.close();
  await nats.stop();
});

const keyOf = ({ tenant, id }: { tenant: string; id: string }): [string, string] => [tenant, id];
const keyed = (webhook: RoutedWebhook) => ({ key: keyOf(webhook), value: webhook });
const held = (webhook: RoutedWebhook) => bus.webhooks.get(webhook.tenant, webhook.id);
/** A table of one webhook, which changes after the first reading and before the write that follows it. */
const bringing = (
  webhook: RoutedWebhook,
  readings: (RoutedWebhook | undefined)[],
  meanwhile: () => Promise<unknown>,
) => {
  let count = 0;
  return bringToBucket(bus.webhooks, [webhook], keyOf, async () => {
    const row = readings[Math.min(count, readings.length - 1)];
    if (count++ === 0) await meanwhile();
    return row ? [keyed(row)] : [];
  });
};

describe('a relay that lost its lock and goes on late', () => {
  it('does not put an older version over a newer one', async () => {
    const [old, now] = [routedWebhook(), { version: 2 }];
    const newer = { ...old, ...now };
    await bus.webhooks.put(old);
    await bringing(old, [old, newer], () => bus.webhooks.put(newer));
    expect(await held(old)).toEqual(newer);
  });

  it('does not bring back what was deleted meanwhile', async () => {
    const webhook = routedWebhook();
    await bus.webhooks.put(webhook);
    await bringing(webhook, [webhook, undefined], () => bus.webhooks.remove(webhook.tenant, webhook.id));
    expect(await held(webhook)).toBeUndefined();
  });

  it('does not remove what was made again meanwhile', async () => {
    const webhook = routedWebhook();
    await bus.webhooks.put(webhook);
    const again = { ...webhook, version: 3 };
    await bringing(webhook, [undefined, again], async () => {
      await bus.webhooks.remove(webhook.tenant, webhook.id);
      await bus.webhooks.put(again);
    });
    expect(await held(webhook)).toEqual(again);
  });

  it('gives up when the key is never still, so that it begins anew', async () => {
    const webhook = routedWebhook();
    let version = 1;
    const restless = bringToBucket(bus.webhooks, [webhook], keyOf, async () => {
      await bus.webhooks.put({ ...webhook, version: ++version });
      return [keyed(webhook)];
    });
    await expect(restless).rejects.toThrow(/written by others/);
  });

  it('does not undo by repairing what was written after it had read the bucket', async () => {
    const webhook = routedWebhook();
    await bus.webhooks.put(webhook);
    const newer = { ...webhook, version: 2 };
    await repairBucket(bus.webhooks, async function* () {
      await bus.webhooks.put(newer);
      yield keyed({ ...webhook, url: 'https://old.example/' });
    });
    expect(await held(webhook)).toEqual(newer);
  });
});

describe('a bucket that is filled again', () => {
  it('gets what stands for the whole of it last, so whoever finds that finds the rest', async () => {
    const tenants = ['default', 'first', 'second'].map((id) => routedTenant({ id }));
    const order: string[] = [];
    const stop = await bus.tenants.watch({ changed: ({ id }) => order.push(id), removed: () => undefined });
    await repairBucket(
      bus.tenants,
      async function* () {
        for (const value of tenants) yield { key: [value.id] as [string], value };
        await Promise.resolve();
      },
      ([id]) => id === 'default',
    );
    await waitFor(() => expect(order).toHaveLength(3));
    stop();
    expect(order.at(-1)).toBe('default');
  });
});

describe('a bucket', () => {
  it('keeps the higher version when a lower one is put', async () => {
    const webhook = routedWebhook({ version: 5 });
    expect(await bus.webhooks.put(webhook)).toBe(true);
    expect(await bus.webhooks.put({ ...webhook, version: 4 })).toBe(false);
    expect(await held(webhook)).toEqual(webhook);
  });

  it('ends with the highest of the versions that are put at once', async () => {
    const webhook = routedWebhook();
    const versions = [3, 1, 5, 2, 4].map((version) => ({ ...webhook, version }));
    await Promise.all(versions.map((each) => bus.webhooks.put(each)));
    expect((await held(webhook))?.version).toBe(5);
  });
});
