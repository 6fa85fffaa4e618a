import { PARTITIONS, type Announcement, type Leases } from '#bus';
import { homeOf } from './rendezvous.js';

/**
 * How a partition came: `new`, nobody ever had it; `released`, its last home
 * let go of it; `dead`, its last home did not (it died, or was cut off; it may
 * have been ourselves).
 */
export type From = 'new' | 'released' | 'dead';

/** What one member knows when it decides. */
export interface Outlook {
  self: string;
  /** It wants nothing any more. */
  stopping: boolean;
  /** What the members say of themselves. */
  announced: ReadonlyMap<string, Announcement>;
  /** All who may still hold something, announced or not. */
  living: ReadonlySet<string>;
  leases: Leases;
  held: ReadonlySet<number>;
  /** Partitions that are being taken or released now; they are left alone. */
  moving: ReadonlySet<number>;
}

export interface Moves {
  /** `previous`: the lease's revision as it was read. */
  take: { partition: number; previous: number; from: From }[];
  release: number[];
  /** Leases in our name that we neither hold nor want. */
  clear: { partition: number; revision: number }[];
}

/** What to take and what to let go of. */
export function decideMoves(outlook: Outlook): Moves {
  const { self, held, moving, leases } = outlook;
  const moves: Moves = { take: [], release: [], clear: [] };
  const sharing = sharingAmong(outlook);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    if (moving.has(partition)) continue;
    const lease = leases.byPartition.get(partition);
    const wanted = !outlook.stopping && homeOf(partition, sharing) === self;
    if (held.has(partition)) {
      if (!wanted) moves.release.push(partition);
    } else if (wanted) {
      const from = takeableFrom(outlook, partition);
      if (from) moves.take.push({ partition, previous: lease?.revision ?? 0, from });
    } else if (lease?.member === self) {
      moves.clear.push({ partition, revision: lease.revision });
    }
  }
  return moves;
}

function sharingAmong({ self, announced }: Outlook): string[] {
  const others = [...announced].filter(([id, { leaving }]) => id !== self && !leaving);
  return [self, ...others.map(([id]) => id)];
}

function takeableFrom(outlook: Outlook, partition: number): From | undefined {
  const lease = outlook.leases.byPartition.get(partition);
  if (!lease) return allKnowTheMaking(outlook) ? 'new' : undefined;
  if (lease.member === undefined) return 'released';
  if (lease.member === outlook.self) return 'dead';
  return outlook.living.has(lease.member) ? undefined : 'dead';
}

/**
 * A lease that was never taken may have been someone's in a bucket that NATS
 * lost. It is free once all who may hold such a one have let go, which they
 * say by announcing themselves under the new bucket.
 */
function allKnowTheMaking({ self, living, announced, leases }: Outlook): boolean {
  return [...living].every((id) => id === self || announced.get(id)?.making === leases.making);
}
