import type { AttemptRecord } from '#domain';
import { startNats, TOPOLOGY, type TestNats } from '#testing';
import { Bus } from './bus.js';
import { NoDispatcherError, TestTooLateError } from './ask-dispatchers.js';
import { owedDelivery } from './testing/owed-for-tests.js';

let nats: TestNats;
let people: Bus;
let dispatchers: [Bus, Bus];
beforeAll(async () => {
  nats = await startNats();
  const open = (name: string) => Bus.open({ url: nats.url, name }, TOPOLOGY);
  people = await open('people');
  dispatchers = [await open('one'), await open('two')];
}, 60_000);
afterAll(async () => {
  await Promise.all([people, ...dispatchers].map((bus) => bus.close()));
  await nats.stop();
});

const data = Buffer.from('{"größe":1.0}');
const attempt = (number: number) => ({ number }) as AttemptRecord;

describe('a test attempt', () => {
  it('is refused at once when no dispatcher runs', async () => {
    const asked = people.testAttempts.request(owedDelivery(), data, 60_000);
    await expect(asked).rejects.toThrow(NoDispatcherError);
  });

  it('is made by one dispatcher of several, as it was asked for', async () => {
    const seen: string[] = [];
    const stops = dispatchers.map((bus) =>
      bus.testAttempts.serve((owed, payload) => {
        seen.push(`${owed.delivery} ${payload.toString()}`);
        return Promise.resolve({ attempt: attempt(owed.attempt) });
      }),
    );
    await Promise.all(dispatchers.map((bus) => bus.ping()));
    const all = Array.from({ length: 20 }, () => owedDelivery({ trigger: 'test' }));
    const answers = await Promise.all(all.map((owed) => people.testAttempts.request(owed, data, 5_000)));
    expect(answers).toEqual(all.map(() => ({ attempt: { number: 1 } })));
    expect(seen.sort()).toEqual(all.map(({ delivery }) => `${delivery} ${data.toString()}`).sort());
    await Promise.all(stops.map((stop) => stop()));
  });

  it('that takes longer than somebody waits is said to be late', async () => {
    const ended = Promise.withResolvers<void>();
    const stop = dispatchers[0].testAttempts.serve(async () => {
      await ended.promise;
      return { attempt: attempt(1) };
    });
    await dispatchers[0].ping();
    await expect(people.testAttempts.request(owedDelivery(), data, 300)).rejects.toThrow(TestTooLateError);
    ended.resolve();
    await stop();
  });

  it('is finished though its dispatcher stops meanwhile, and the next one is refused', async () => {
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const stop = dispatchers[0].testAttempts.serve(async () => {
      begun.resolve();
      await ended.promise;
      return { attempt: attempt(7) };
    });
    await dispatchers[0].ping();
    const asked = people.testAttempts.request(owedDelivery(), data, 5_000);
    await begun.promise;
    const stopped = stop();
    await dispatchers[0].ping();
    await expect(people.testAttempts.request(owedDelivery(), data, 5_000)).rejects.toThrow(NoDispatcherError);
    ended.resolve();
    expect(await asked).toEqual({ attempt: { number: 7 } });
    await stopped;
  });

  it('that takes long does not keep its dispatcher from stopping', async () => {
    const never = Promise.withResolvers<never>();
    const begun = Promise.withResolvers<void>();
    const stop = dispatchers[0].testAttempts.serve(() => {
      begun.resolve();
      return never.promise;
    });
    await dispatchers[0].ping();
    const asked = people.testAttempts.request(owedDelivery(), data, 1_000);
    asked.catch(() => undefined);
    await begun.promise;
    await stop(100);
    await expect(asked).rejects.toThrow(TestTooLateError);
  });

  it('beyond what a dispatcher makes at once is refused, and so is one that goes wrong', async () => {
    const ended = Promise.withResolvers<void>();
    const stop = dispatchers[0].testAttempts.serve(async () => {
      await ended.promise;
      throw new Error('odd');
    });
    await dispatchers[0].ping();
    const asked = Array.from({ length: 40 }, () => people.testAttempts.request(owedDelivery(), data, 5_000));
    const busy = await Promise.race(asked);
    expect(busy).toEqual({ refused: 'dispatcher_busy' });
    ended.resolve();
    const answers = await Promise.all(asked);
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(['{"refused":"dispatcher_busy"}', '{"refused":"dispatcher_failed"}']),
    );
    await stop();
  });
});
