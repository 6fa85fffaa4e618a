import { newId } from '#domain';
import { PARTITIONS } from '#bus';
import { homeOf } from './rendezvous.js';

const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);

function sharesOf(members: string[], among: number[] = partitions): number[] {
  const homes = among.map((partition) => homeOf(partition, members));
  return members.map((member) => homes.filter((home) => home === member).length);
}

function newMembers(count: number): string[] {
  return Array.from({ length: count }, () => newId('att'));
}

describe('the home of a partition', () => {
  it('is nobody where there is nobody, and the only one where there is one', () => {
    expect(homeOf(7, [])).toBeUndefined();
    expect(sharesOf(['alone'])).toEqual([PARTITIONS]);
  });

  it('does not depend on the order in which the members are known', () => {
    const members = newMembers(5);
    const reversed = members.toReversed();
    expect(partitions.map((p) => homeOf(p, members))).toEqual(partitions.map((p) => homeOf(p, reversed)));
  });

  it.each([2, 3, 5, 8])('is each of %i members equally often', (count) => {
    const many = Array.from({ length: 20_000 }, (_, partition) => partition);
    const even = many.length / count;
    for (const share of sharesOf(newMembers(count), many)) {
      expect(share).toBeGreaterThan(even * 0.9);
      expect(share).toBeLessThan(even * 1.1);
    }
  });

  it.each([2, 3, 4])('gives nobody of %i members nothing, or nearly all', (count) => {
    for (let round = 0; round < 50; round++) {
      for (const share of sharesOf(newMembers(count))) {
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThan((PARTITIONS / count) * 2.2);
      }
    }
  });

  it('changes only to a member that comes', () => {
    const members = newMembers(4);
    const [newcomer] = newMembers(1) as [string];
    for (const partition of partitions) {
      const before = homeOf(partition, members);
      expect([before, newcomer]).toContain(homeOf(partition, [...members, newcomer]));
    }
  });

  it('changes only from a member that goes', () => {
    const members = newMembers(4);
    const [gone, ...rest] = members;
    for (const partition of partitions) {
      const before = homeOf(partition, members);
      if (before !== gone) expect(homeOf(partition, rest)).toBe(before);
    }
  });
});
