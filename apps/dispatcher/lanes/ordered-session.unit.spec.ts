import { jest } from '@jest/globals';
import fc from 'fast-check';
import { OrderedWorld, type Crash, type StoryOfEvent } from '../testing/ordered-world.js';

const STEP_MS = 1_000;
const STEPS = 120;

const stories = fc.array(
  fc.record<StoryOfEvent>({
    // Several may be accepted within one millisecond.
    acceptedAfter: fc.constantFrom(0, 0, 1, 20, 200),
    routed: fc.nat(400),
    acknowledged: fc.nat(100),
    failures: fc.constantFrom(0, 0, 0, 1, 2),
    attempt: fc.nat(50),
    retryAfter: fc.integer({ min: 1, max: 3_000 }),
  }),
  { minLength: 1, maxLength: 12 },
);
const crashes = fc.array(
  fc.record<Crash>({
    after: fc.nat(2_000),
    leaves: fc.constantFrom<Crash['leaves'][]>('nothing', 'schedule'),
    away: fc.nat(1_500),
  }),
  { maxLength: 4 },
);
const latencies = fc.array(fc.constantFrom(0, 1, 2, 5, 30), { minLength: 1, maxLength: 8 });

describe('an ordered lane, whatever routing, retries, crashes and the network do', () => {
  beforeEach(() =>
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'performance'] }),
  );
  afterEach(() => jest.useRealTimers());

  it('hands out each event after the one before it succeeded, and again only the one in hand', async () => {
    const handedOut = fc.asyncProperty(stories, crashes, latencies, async (events, deaths, answers) => {
      const world = new OrderedWorld(events, answers);
      void world.route();
      void world.drain(deaths);
      for (let step = 0; step < STEPS && !world.isEmpty; step++) await jest.advanceTimersByTimeAsync(STEP_MS);
      jest.clearAllTimers();
      expect(world.isEmpty).toBe(true);
      let [inHand, succeeded] = [-1, true];
      for (const { n, ok } of world.attempts) {
        if (n !== inHand) expect({ n, succeeded }).toEqual({ n: inHand + 1, succeeded: true });
        succeeded = ok || (n === inHand && succeeded);
        inHand = n;
      }
      expect(inHand).toBe(events.length - 1);
    });
    await fc.assert(handedOut, { numRuns: 200 });
  }, 60_000);
});
