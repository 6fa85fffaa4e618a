import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '#domain';
import { startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { Bus } from './bus.js';
import type { Consumer, ConsumerOptions } from './consumer.js';
import type { BusMessage } from './message.js';
import { again, done, hopeless, type Outcome } from './outcome.js';
import { EVENTS } from './subjects.js';

let nats: TestNats;
let bus: Bus;
let tenant: string;
const running: Consumer[] = [];

beforeAll(async () => {
  nats = await startNats();
  bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
});

afterAll(async () => {
  await bus.close();
  await nats.stop();
});

beforeEach(() => {
  tenant = newId('key');
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.drain(0)));
});

const publish = (body: string) => bus.publishEvent({ tenant, type: 'x', body, dedupId: newId('evt') });
const publishMany = async (count: number) => {
  const bodies = Array.from({ length: count }, (_, i) => String(i));
  await Promise.all(bodies.map(publish));
  return new Set(bodies);
};
const textOf = (message: BusMessage) => Buffer.from(message.payload).toString();

/** A consumer of the test's own tenant; all consumers of one test share one durable. */
async function consume(
  handle: ConsumerOptions['handle'],
  { capacity = 10, ackWaitMs = 30_000, on = bus, afresh = false } = {},
): Promise<Consumer> {
  const consumer = on.consumer({
    plan: { stream: EVENTS, durable: tenant, filter: `events.${tenant}.>`, ackWaitMs, maxAckPending: 10_000 },
    capacity,
    handle,
    report: () => undefined,
  });
  running.push(consumer);
  await consumer.start({ afresh });
  return consumer;
}

const missing = (all: Set<string>, seen: Map<string, number>) =>
  [...all].filter((text) => !seen.has(text)).slice(0, 10);

/** Counts how often each message was handed out. */
function counting(outcome: (text: string, times: number) => Outcome | Promise<Outcome> = () => done) {
  const seen = new Map<string, number>();
  const handle = async (message: BusMessage) => {
    const text = textOf(message);
    const times = (seen.get(text) ?? 0) + 1;
    seen.set(text, times);
    return outcome(text, times);
  };
  return { seen, handle };
}

describe('a message', () => {
  it('is acknowledged when its handler is through with it, and not sooner', async () => {
    const handling = Promise.withResolvers<Outcome>();
    const first = await consume(() => handling.promise);
    await publish('a');
    await waitFor(() => expect(first.inFlight).toBe(1));
    await first.drain(0);
    const { seen, handle } = counting();
    await consume(handle);
    await waitFor(() => expect(seen.get('a')).toBe(1), 2_000);
  });

  it('is handed out again, marked as such, when its handler throws', async () => {
    const redelivered: boolean[] = [];
    await consume((message) => {
      redelivered.push(message.redelivered);
      return redelivered.length === 1 ? Promise.reject(new Error('a fault')) : Promise.resolve(done);
    });
    await publish('a');
    await waitFor(() => expect(redelivered).toEqual([false, true]));
  });

  it('is handed out at once, marked as such, to one that starts afresh after its holder has died', async () => {
    const dead = await consume(() => new Promise(() => undefined));
    await publish('held');
    await waitFor(() => expect(dead.inFlight).toBe(1));
    dead.abandon();
    const seen = new Map<string, boolean>();
    const handle = (message: BusMessage) => {
      seen.set(textOf(message), message.redelivered);
      return Promise.resolve(done);
    };
    await consume(handle, { afresh: true });
    await publish('new');
    await waitFor(() => expect(Object.fromEntries(seen)).toEqual({ held: true, new: false }), 3_000);
  });

  it('is handed out again after the time that its handler says', async () => {
    const at: number[] = [];
    await consume(() => Promise.resolve(at.push(Date.now()) === 1 ? again(400) : done));
    await publish('a');
    await waitFor(() => expect(at).toHaveLength(2));
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(390);
    expect(at[1]! - at[0]!).toBeLessThan(3_000);
  });

  it('that is hopeless is never handed out again, not even to others', async () => {
    const first = counting(() => hopeless('not a delivery'));
    const consumer = await consume(first.handle, { ackWaitMs: 500 });
    await publish('bad');
    await waitFor(() => expect(first.seen.get('bad')).toBe(1));
    await waitFor(() => expect(consumer.inFlight).toBe(0));
    await sleep(1_200);
    await consumer.drain(0);
    const second = counting();
    await consume(second.handle);
    await publish('good');
    await waitFor(() => expect(second.seen.get('good')).toBe(1));
    expect([first.seen.get('bad'), second.seen.get('bad')]).toEqual([1, undefined]);
  });

  it('stays with a handler that takes longer than the ack wait', async () => {
    const { seen, handle } = counting(async () => {
      await sleep(2_500);
      return done;
    });
    await consume(handle, { ackWaitMs: 900 });
    await publish('slow');
    await waitFor(() => expect(seen.get('slow')).toBe(1));
    const consumer = running[0]!;
    await waitFor(() => expect(consumer.inFlight).toBe(0));
    await sleep(1_200);
    expect(seen.get('slow')).toBe(1);
  });
});

describe('a consumer', () => {
  it('never holds more than its capacity, and uses all of it', async () => {
    let held = 0;
    let most = 0;
    const { seen, handle } = counting(async () => {
      most = Math.max(most, ++held);
      await sleep(5);
      held--;
      return done;
    });
    const all = await publishMany(200);
    await consume(handle, { capacity: 7 });
    await waitFor(() => expect(missing(all, seen)).toEqual([]));
    expect(most).toBe(7);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
  });

  it.each([1, 2, 500])('of capacity %i reads all there is, each once', async (capacity) => {
    const all = await publishMany(300);
    const { seen, handle } = counting();
    await consume(handle, { capacity });
    await waitFor(() => expect(missing(all, seen)).toEqual([]), 20_000);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
  });

  it('shares the work with others of the same name, each message going to one', async () => {
    const { seen, handle } = counting(async () => {
      await sleep(1);
      return done;
    });
    await consume(handle);
    await consume(handle);
    const all = await publishMany(500);
    await waitFor(() => expect(missing(all, seen)).toEqual([]));
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
  });
});

describe('a consumer of today', () => {
  it('takes over from one with other settings, and what that one had done stays done', async () => {
    const first = counting();
    const old = await consume(first.handle, { ackWaitMs: 30_000 });
    await publish('before');
    await waitFor(() => expect(first.seen.get('before')).toBe(1));
    await old.drain(1_000);
    const second = counting();
    await consume(second.handle, { ackWaitMs: 7_000 });
    await publish('after');
    await waitFor(() => expect([...second.seen.keys()]).toEqual(['after']));
  });
});

describe('draining', () => {
  it('lets what is held finish', async () => {
    const { seen, handle } = counting(async () => {
      await sleep(300);
      return done;
    });
    const consumer = await consume(handle);
    await publishMany(5);
    await waitFor(() => expect(consumer.inFlight).toBe(5));
    await consumer.drain(5_000);
    expect(consumer.inFlight).toBe(0);
    const next = counting();
    await consume(next.handle);
    await sleep(500);
    expect([seen.size, next.seen.size]).toEqual([5, 0]);
  });

  it('hands back at the deadline what does not finish, and another gets it at once', async () => {
    const stuck = await consume(() => new Promise(() => undefined));
    const all = await publishMany(10);
    await waitFor(() => expect(stuck.inFlight).toBe(10));
    const began = Date.now();
    await stuck.drain(300);
    expect(Date.now() - began).toBeLessThan(1_500);
    const { seen, handle } = counting();
    await consume(handle);
    await waitFor(() => expect(missing(all, seen)).toEqual([]), 3_000);
  });

  it('in the middle of a flood loses nothing to the ack wait', async () => {
    const { seen, handle } = counting(async () => {
      await sleep(2);
      return done;
    });
    const all = await publishMany(5_000);
    for (let round = 0; round < 4; round++) {
      const consumer = await consume(handle, { capacity: 200 });
      await sleep(60);
      await consumer.drain(2_000);
    }
    await consume(handle, { capacity: 500 });
    // The ack wait is thirty seconds: what was left to it would come too late.
    await waitFor(() => expect(missing(all, seen)).toEqual([]), 10_000);
  }, 40_000);
});

describe('when the server is killed', () => {
  it('a consumer goes on where it was, and nothing is lost', async () => {
    const { seen, handle } = counting(async () => {
      await sleep(20);
      return done;
    });
    await consume(handle, { capacity: 20, ackWaitMs: 3_000 });
    const all = await publishMany(400);
    await waitFor(() => expect(seen.size).toBeGreaterThan(50));
    await nats.kill();
    await nats.restart();
    await waitFor(() => expect(missing(all, seen)).toEqual([]), 25_000);
    await waitFor(() => publish('new'), 10_000);
    await waitFor(() => expect(seen.has('new')).toBe(true), 10_000);
  }, 60_000);
});
