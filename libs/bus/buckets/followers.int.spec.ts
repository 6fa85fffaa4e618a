import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { RoutedWebhook } from '#domain';
import { routedWebhook, startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Bus } from '../bus.js';

let nats: TestNats;
let writer: Bus;
const open: Bus[] = [];

beforeAll(async () => {
  nats = await startNats();
  writer = await Bus.open({ url: nats.url, name: 'writer' }, TOPOLOGY);
  writer.followers.listen();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((bus) => bus.close()));
});

afterAll(async () => {
  await writer.close();
  await nats.stop();
});

/** A process that follows the webhooks, as a subscriber does. */
async function follower() {
  const bus = await Bus.open({ url: nats.url, name: 'follower' }, TOPOLOGY);
  open.push(bus);
  const known = new Map<string, RoutedWebhook>();
  await bus.webhooks.watch({
    changed: (webhook) => known.set(webhook.id, webhook),
    removed: (_tenant, id) => known.delete(id),
  });
  bus.following.begin();
  return { bus, known };
}

/** Puts a webhook. @returns it and the revision that it has */
async function written(): Promise<{ webhook: RoutedWebhook; revision: number }> {
  const webhook = routedWebhook();
  const revision = await writer.webhooks.replace([webhook.tenant, webhook.id], undefined, webhook);
  return { webhook, revision: revision ?? 0 };
}

describe('who follows the buckets', () => {
  it('is not waited for where there is nobody', async () => {
    const { revision } = await written();
    expect(await writer.followers.reached('webhooks', revision, 0)).toBe(true);
  });

  it('works by a change once it is said to, every one of them', async () => {
    const followers = [await follower(), await follower(), await follower()];
    await waitFor(async () => {
      expect(await writer.followers.reached('webhooks', Number.MAX_SAFE_INTEGER, 0)).toBe(false);
    });
    for (let i = 0; i < 200; i++) {
      const { webhook, revision } = await written();
      expect(await writer.followers.reached('webhooks', revision, 5_000)).toBe(true);
      for (const { known } of followers) expect(known.get(webhook.id)).toEqual(webhook);
    }
  });

  describe('when one says that it is behind', () => {
    let connection: NatsConnection;
    const say = (process: string, toldUpTo: Record<string, number>, more: object = {}) => {
      connection.publish('tidings.following', JSON.stringify({ process, toldUpTo, ...more }));
      return connection.flush();
    };

    beforeAll(async () => {
      const { host, username, password } = new URL(nats.url);
      connection = await connect({ servers: host, user: username, pass: password });
    });

    afterAll(() => connection.close());

    it('is waited for until it has come so far', async () => {
      await say('slow', { webhooks: 10 });
      const reached = writer.followers.reached('webhooks', 12, 5_000);
      await say('slow', { webhooks: 11 });
      expect(await writer.followers.reached('webhooks', 12, 50)).toBe(false);
      await say('slow', { webhooks: 12 });
      expect(await reached).toBe(true);
      await say('slow', {}, { ended: true });
    });

    it('is not waited for by who writes a bucket that it does not follow', async () => {
      await say('slow', { webhooks: 0 });
      await waitFor(async () => expect(await writer.followers.reached('webhooks', 1, 0)).toBe(false));
      expect(await writer.followers.reached('tenants', 1, 0)).toBe(true);
      await say('slow', {}, { ended: true });
    });

    it('is not waited for when it ends, nor for long when it is silent', async () => {
      await say('leaves', { webhooks: 0 });
      await waitFor(async () => expect(await writer.followers.reached('webhooks', 1, 0)).toBe(false));
      await say('leaves', {}, { ended: true });
      expect(await writer.followers.reached('webhooks', 1, 400)).toBe(true);
      await say('dies', { webhooks: 0 });
      await waitFor(async () => expect(await writer.followers.reached('webhooks', 1, 0)).toBe(false));
      expect(await writer.followers.reached('webhooks', 1, 5_000)).toBe(true);
    });

    it('is not heard when it says what nobody understands', async () => {
      for (const text of ['', 'nonsense', 'null', '{}', '[1]']) connection.publish('tidings.following', text);
      await connection.flush();
      expect(await writer.followers.reached('webhooks', Number.MAX_SAFE_INTEGER, 0)).toBe(true);
    });
  });

  it('is sure of nothing after a loss of NATS until it has read all again', async () => {
    const { bus, known } = await follower();
    await writer.webhooks.put(routedWebhook());
    await waitFor(() => expect(bus.webhooks.toldUpTo).toBeGreaterThan(0));
    await nats.kill();
    await nats.loseStore();
    await nats.restart();
    await waitFor(() => expect(bus.webhooks.toldUpTo).toBe(0), 10_000);
    await waitFor(async () => {
      const { webhook, revision } = await written();
      await writer.followers.reached('webhooks', revision, 5_000);
      expect(known.get(webhook.id)).toEqual(webhook);
      expect(bus.webhooks.toldUpTo).toBe(revision);
    }, 20_000);
  }, 60_000);
});
