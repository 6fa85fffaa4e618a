import { setTimeout as sleep } from 'node:timers/promises';
import { Bus, PARTITIONS } from '#bus';
import { startNats, TOPOLOGY, waitFor, type TestNats } from '#testing';
import { ALL_PARTITIONS, TestMembers } from '../testing/members-for-tests.js';

let nats: TestNats;
let members: TestMembers;

beforeAll(async () => {
  nats = await startNats();
});
beforeEach(() => {
  members = new TestMembers(nats.url);
});
afterEach(async () => {
  await members.stop();
  expect(members.overlaps).toEqual([]);
});
afterAll(() => nats.stop());

describe('dispatchers that share the partitions', () => {
  it('give all of them to one that is alone, as soon as it has started', async () => {
    const alone = await members.join();
    expect(alone.has.size).toBe(PARTITIONS);
    expect(ALL_PARTITIONS.every((partition) => alone.homes.holds(partition))).toBe(true);
    expect(alone.homes.size).toBe(PARTITIONS);
    await alone.homes.stop();
    expect(alone.has.size).toBe(0);
    expect(ALL_PARTITIONS.some((partition) => alone.homes.holds(partition))).toBe(false);
  });

  it('give one that joins its share, each partition when its home has let go of it', async () => {
    const first = await members.join({ releaseMs: 300 });
    const second = await members.join();
    await waitFor(() => expect(first.has.size + second.has.size).toBe(PARTITIONS));
    await waitFor(() => expect(second.has.size).toBeGreaterThan(PARTITIONS / 8));
    await waitFor(() => expect(first.has.size).toBeGreaterThan(PARTITIONS / 8));
    expect(first.lost + second.lost).toBe(0);
    expect(new Set(second.came.map(({ from }) => from))).toEqual(new Set(['released']));
  });

  it('give the share of one that stops to the others within two seconds', async () => {
    const [first, second] = [await members.join(), await members.join()];
    await waitFor(() => expect(second.has.size).toBeGreaterThan(0));
    await first.homes.stop();
    await waitFor(() => expect(second.has.size).toBe(PARTITIONS), 2_000);
    expect(first.lost + second.lost).toBe(0);
  });

  it('give the share of one that died without a word to the others within 15 seconds', async () => {
    const [first, second] = [await members.join(), await members.join()];
    await waitFor(() => expect(second.has.size).toBeGreaterThan(0));
    const share = new Set(first.has);
    await first.vanish();
    await waitFor(() => expect(second.has.size).toBe(PARTITIONS), 15_000);
    expect(first.lost).toBe(share.size);
    const orphans = second.came.filter(({ partition }) => share.has(partition)).slice(-share.size);
    expect(orphans.every(({ from }) => from === 'dead')).toBe(true);
  });

  it('never have one partition twice while three join and leave at random', async () => {
    const ends = Date.now() + 8_000;
    const comings = [0, 1, 2].map(async () => {
      while (Date.now() < ends) {
        const member = await members.join({ releaseMs: Math.random() * 50 });
        await sleep(Math.random() * 600);
        await member.stop();
      }
      await members.join();
    });
    await Promise.all(comings);
    await waitFor(() => expect(members.homed).toBe(PARTITIONS));
    expect(members.members.every(({ lost }) => lost === 0)).toBe(true);
  }, 60_000);

  it('wait for one that is slow to let go, but not for ever', async () => {
    const slow = await members.join({ releaseMs: 60_000 });
    const second = await members.join();
    expect(second.has.size).toBe(0);
    await waitFor(() => expect(second.homes.size).toBeGreaterThan(0), 12_000);
    expect(members.problems.some((problem) => problem.includes('not let go of in time'))).toBe(true);
    expect(slow.homes.size + second.homes.size).toBeLessThanOrEqual(PARTITIONS);
    // It still had them in hand, but not as their home.
    expect(members.overlaps.filter((overlap) => overlap.includes('is held by'))).toEqual([]);
    members.overlaps.length = 0;
  }, 60_000);

  it('try a partition again that could not be begun with', async () => {
    let refusals = 3;
    const member = await members.join({
      acquired: () => {
        if (refusals-- > 0) throw new Error('not now');
      },
    });
    await waitFor(() => expect(member.has.size).toBe(PARTITIONS));
    expect(refusals).toBeLessThan(0);
  });

  it('can be seen: who is there, and who has what', async () => {
    const first = await members.join();
    const bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
    const { members: there, homes } = await bus.homes.read();
    await bus.close();
    expect(there).toMatchObject([{ id: first.id, leaving: false }]);
    expect(Math.abs(there[0]!.announced_at - Date.now())).toBeLessThan(10_000);
    expect(homes).toHaveLength(PARTITIONS);
    expect(homes.every(({ member }) => member === first.id)).toBe(true);
  });
});

it('who has which partition reads as nothing where no dispatcher ever ran', async () => {
  const fresh = await startNats();
  const bus = await Bus.open({ url: fresh.url, name: 'spec' }, TOPOLOGY);
  expect(await bus.homes.read()).toEqual({ members: [], homes: [] });
  await bus.close();
  await fresh.stop();
});
