import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '#bus';
import type { RoutedWebhook } from '#domain';
import { waitFor } from '#testing';
import type { AppProcess } from './app-process.js';
import { numberOf, pathOf, seconds, startEngine, type Engine } from './engine.js';
import { queueState } from './queue.js';

const WEBHOOKS = 16;
const TYPE = 'chaos.load';
/** Events a second; each goes to all webhooks. */
const PER_SECOND = 10;
const MOVED_WITHIN_MS = 15_000;
const DELAYED_AT_MOST_MS = 8_000;

/** Publishes until it is stopped. */
class Load {
  private running = true;
  private readonly publishing: Promise<void>;
  count = 0;

  constructor(engine: Engine, from: number) {
    this.publishing = this.publish(engine, from);
  }

  /** @returns how many were published */
  async stop(): Promise<number> {
    this.running = false;
    await this.publishing;
    return this.count;
  }

  private async publish(engine: Engine, from: number): Promise<void> {
    const began = performance.now();
    while (this.running) {
      await engine.publish(TYPE, from + this.count++);
      const early = began + (this.count * 1_000) / PER_SECOND - performance.now();
      if (early > 0) await sleep(early);
    }
  }
}

describe('dispatchers that come and go under load', () => {
  let engine: Engine;
  let webhooks: RoutedWebhook[] = [];
  let dispatchers: AppProcess[] = [];
  let published = 0;

  beforeAll(async () => {
    engine = await startEngine();
    engine.receiver.answer({ delayMs: 10 });
    dispatchers = [await engine.dispatcher(), await engine.dispatcher(), await engine.dispatcher()];
    await engine.subscriber();
    webhooks = await Promise.all(Array.from({ length: WEBHOOKS }, () => engine.webhook(TYPE)));
    await engine.settledHomes();
  }, 120_000);

  afterAll(() => engine?.stop(), 60_000);

  /** Publishes during `meanwhile`, and waits until all has arrived. @returns how long each took, by webhook, milliseconds */
  async function under(meanwhile: () => Promise<void>): Promise<Map<string, number[]>> {
    const from = published;
    const load = new Load(engine, from);
    try {
      await sleep(1_000);
      await meanwhile();
      await sleep(1_000);
    } finally {
      published += await load.stop();
    }
    const numbers = Array.from({ length: published - from }, (_, i) => from + i);
    const arrived = () => webhooks.map((webhook) => delays(webhook, from));
    const missing = () => arrived().map((at) => numbers.filter((n) => !at.has(n)));
    await waitFor(() => expect(missing()).toEqual(webhooks.map(() => [])), 40_000);
    return new Map(webhooks.map((webhook, i) => [webhook.id, [...arrived()[i]!.values()]]));
  }

  /** How long each event took until it was first received. */
  function delays(webhook: RoutedWebhook, from: number): Map<number, number> {
    const took = new Map<number, number>();
    for (const request of engine.receiver.to(pathOf(webhook))) {
      const { n, at } = numberOf(request);
      if (n >= from && !took.has(n)) took.set(n, request.at - at);
    }
    return took;
  }

  const worst = (took: Map<string, number[]>) => Math.max(...[...took.values()].flat());

  it('a rolling restart loses nothing, and delays no delivery by more than a few seconds', async () => {
    const took = await under(async () => {
      for (const dispatcher of dispatchers) {
        await dispatcher.stop();
        expect(dispatcher.endedBy).toBe(null);
        await dispatcher.restart();
      }
    });
    const all = engine.receiver.requests.length;
    console.info(
      `rolling restart of ${dispatchers.length}: the most delayed took ${seconds(worst(took))}, ${all - published * WEBHOOKS} of ${all} came twice`,
    );
    expect(worst(took)).toBeLessThan(DELAYED_AT_MOST_MS);
  }, 120_000);

  it('what a dispatcher had that is killed is delivered by the others within 15 s', async () => {
    const [victim] = dispatchers.splice(0, 1);
    const before = await engine.settledHomes();
    const took = await under(async () => {
      await victim?.kill();
      await waitFor(async () => {
        const { homes } = await engine.bus.homes.read();
        const members = new Set(homes.map(({ member }) => member));
        expect([homes.length, members.size]).toEqual([64, dispatchers.length]);
      }, MOVED_WITHIN_MS);
    });
    const after = await engine.settledHomes();
    const moved = [...before].find(([id]) => !after.has(id))?.[1] ?? [];
    const its = webhooks.filter(({ id }) => moved.includes(partitionOf(id)));
    console.info(
      `a kill moved ${moved.length} partitions with ${its.length} webhooks; the most delayed took ${seconds(worst(took))}`,
    );
    expect(worst(took)).toBeLessThan(MOVED_WITHIN_MS);
  }, 120_000);

  it('the same when those that take and give partitions die in the middle of it', async () => {
    const survivor = dispatchers[0];
    await dispatchers[1]?.stop();
    const leaving = await engine.dispatcher({ at: 'partition let go of, not given up', nth: 3 });
    await engine.settledHomes();
    const took = await under(async () => {
      const joining = await Promise.all([
        engine.dispatcher({ at: 'partition taken, not pulled from', nth: 3 }),
        engine.dispatcher({ at: 'partition pulled from', nth: 3 }),
      ]);
      await waitFor(() => expect(joining.map(({ endedBy }) => endedBy)).toEqual(['SIGKILL', 'SIGKILL']));
      // At once, so that no partition meets two deaths.
      await leaving.stop();
    });
    expect(leaving.endedBy).toBe('SIGKILL');
    expect(survivor?.endedBy).toBe(undefined);
    console.info(`deaths while partitions move: the most delayed took ${seconds(worst(took))}`);
    expect(worst(took)).toBeLessThan(MOVED_WITHIN_MS);
  }, 120_000);

  it('the record has all of it as successes, and nothing is left', async () => {
    const success = published * WEBHOOKS;
    await waitFor(async () => expect(await engine.record()).toEqual({ success, open: 0 }), 60_000);
    const nothing = { owed: 0, waiting: [] };
    await waitFor(async () => expect(await queueState(engine.natsUrl)).toEqual(nothing), 20_000);
  }, 120_000);
});
