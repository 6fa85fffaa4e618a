import { setTimeout as sleep } from 'node:timers/promises';
import { PARTITIONS } from '#bus';
import { startNats, waitFor, type TestNats } from '#testing';
import { startWire, TestMembers, type TestMember, type TestWire } from '../testing/members-for-tests.js';

let nats: TestNats;
let members: TestMembers;
let wire: TestWire | undefined;

beforeEach(async () => {
  nats = await startNats();
  members = new TestMembers(nats.url);
});
afterEach(async () => {
  wire?.flow();
  await members.stop();
  await wire?.stop();
  wire = undefined;
  await nats.stop();
  expect(members.overlaps).toEqual([]);
});

async function two(urls: (string | undefined)[] = []): Promise<[TestMember, TestMember]> {
  const [first, second] = [
    await members.join(urls[0] ? { url: urls[0] } : {}),
    await members.join(urls[1] ? { url: urls[1] } : {}),
  ];
  await shared(first, second);
  return [first, second];
}

async function shared(...among: TestMember[]): Promise<void> {
  await waitFor(() => {
    expect(among.reduce((sum, { homes }) => sum + homes.size, 0)).toBe(PARTITIONS);
    for (const { has } of among) expect(has.size).toBeGreaterThan(0);
  }, 15_000);
}

describe('dispatchers that share the partitions', () => {
  it('keep them when NATS is killed and is back at once', async () => {
    const [first, second] = await two();
    const before = [[...first.has], [...second.has]];
    await nats.kill();
    await nats.restart();
    // Long enough for whoever could not announce itself again to have been cut off.
    await sleep(9_000);
    expect([[...first.has], [...second.has]]).toEqual(before);
    expect(first.lost + second.lost).toBe(0);
  }, 60_000);

  it('have none while NATS is away for long, and all of them again afterwards', async () => {
    const [first, second] = await two();
    await nats.kill();
    await waitFor(() => expect(members.homed).toBe(0), 10_000);
    expect(first.homes.size + second.homes.size).toBe(0);
    await sleep(4_000);
    await nats.restart();
    await shared(first, second);
    expect(first.lost + second.lost).toBe(PARTITIONS);
  }, 60_000);

  it('begin anew when NATS lost its storage', async () => {
    const [first, second] = await two();
    await nats.kill();
    await nats.loseStore();
    await nats.restart();
    await waitFor(() => expect(first.lost + second.lost).toBe(PARTITIONS), 10_000);
    await shared(first, second);
    const third = await members.join();
    await shared(first, second, third);
  }, 60_000);

  it('do without one that NATS is away for, and it knows before they do', async () => {
    wire = await startWire(nats.url);
    const [first, second] = await two([wire.url]);
    wire.stall();
    await waitFor(() => expect(second.homes.size).toBe(PARTITIONS), 15_000);
    expect(first.lost).toBeGreaterThan(0);
    expect(first.homes.size).toBe(0);
    wire.flow();
    await shared(first, second);
  }, 60_000);

  it('let one stop in time while NATS is away', async () => {
    const member = await members.join();
    await nats.kill();
    const late = sleep(20_000, 'late', { ref: false });
    expect(await Promise.race([member.homes.stop(), late])).not.toBe('late');
    expect(member.has.size).toBe(0);
    await nats.restart();
    const next = await members.join();
    await waitFor(() => expect(next.homes.size).toBe(PARTITIONS), 15_000);
  }, 60_000);
});
