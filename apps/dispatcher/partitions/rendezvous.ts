import { hash } from 'node:crypto';

const WEIGHT_BYTES = 6;

/**
 * Whose a partition is among these members: rendezvous hashing. Whoever knows
 * the same members comes to the same answer; a member that comes takes its
 * share evenly from all, and only what a member had moves when it goes.
 * @returns undefined when there are none
 */
export function homeOf(partition: number, members: Iterable<string>): string | undefined {
  let home: string | undefined;
  let heaviest = -1;
  for (const member of members) {
    const weight = weightOf(partition, member);
    if (home === undefined || weight > heaviest || (weight === heaviest && member > home)) {
      home = member;
      heaviest = weight;
    }
  }
  return home;
}

function weightOf(partition: number, member: string): number {
  return hash('sha1', `${partition}/${member}`, 'buffer').readUIntBE(0, WEIGHT_BYTES);
}
