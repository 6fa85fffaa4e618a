import { PARTITIONS, type Announcement, type Lease } from '#bus';
import { decideMoves, type Outlook } from './decide-moves.js';
import { homeOf } from './rendezvous.js';

const MAKING = 'the bucket of today';
const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
const mine = all.filter((partition) => homeOf(partition, ['me', 'other']) === 'me');
const others = all.filter((partition) => !mine.includes(partition));

interface Given {
  announced?: Record<string, Partial<Announcement>>;
  /** Living, but not announced. */
  silent?: string[];
  leases?: [partitions: number[], member: string | undefined][];
  held?: number[];
  moving?: number[];
  stopping?: boolean;
}

function given({ announced = { me: {} }, silent = [], leases = [], held, moving, stopping }: Given): Outlook {
  const byPartition = new Map<number, Lease>();
  for (const [partitions, member] of leases)
    for (const partition of partitions)
      byPartition.set(partition, { partition, member, revision: 100 + partition, at: 0 });
  return {
    self: 'me',
    stopping: stopping ?? false,
    announced: new Map(
      Object.entries(announced).map(([id, said]) => [id, { making: MAKING, leaving: false, ...said }]),
    ),
    living: new Set([...Object.keys(announced), ...silent]),
    leases: { making: MAKING, byPartition },
    held: new Set(held),
    moving: new Set(moving),
  };
}

const both = { me: {}, other: {} };
const nothing = { take: [], release: [], clear: [] };
const taking = (outlook: Outlook) => decideMoves(outlook).take.map(({ partition }) => partition);
const from = (outlook: Outlook) => [...new Set(decideMoves(outlook).take.map((move) => move.from))];

describe('a member takes', () => {
  it('everything that nobody ever had, when it is alone', () => {
    const { take } = decideMoves(given({}));
    expect(take).toEqual(all.map((partition) => ({ partition, previous: 0, from: 'new' })));
  });

  it('its share only', () => {
    expect(taking(given({ announced: both }))).toEqual(mine);
  });

  it('what was let go of, on top of what it read', () => {
    const { take } = decideMoves(given({ announced: both, leases: [[all, undefined]] }));
    expect(take).toEqual(
      mine.map((partition) => ({ partition, previous: 100 + partition, from: 'released' })),
    );
  });

  it('what the dead had', () => {
    expect(from(given({ leases: [[all, 'gone']] }))).toEqual(['dead']);
    expect(taking(given({ leases: [[all, 'gone']] }))).toEqual(all);
  });

  it('what is in its own name though it does not hold it: it was cut off', () => {
    expect(from(given({ leases: [[all, 'me']] }))).toEqual(['dead']);
  });

  it('the share of one that is leaving, as it is let go of', () => {
    const leaving = { me: {}, other: { leaving: true } };
    const outlook = given({
      announced: leaving,
      held: mine,
      leases: [
        [mine, 'me'],
        [others.slice(1), 'other'],
        [others.slice(0, 1), undefined],
      ],
    });
    expect(taking(outlook)).toEqual(others.slice(0, 1));
  });
});

describe('a member takes nothing', () => {
  it('that a living one has', () => {
    expect(decideMoves(given({ announced: both, leases: [[all, 'other']] }))).toEqual(nothing);
  });

  it('that one has who is not announced, but may still be there', () => {
    expect(decideMoves(given({ silent: ['other'], leases: [[all, 'other']] }))).toEqual(nothing);
  });

  it('that nobody has in a new bucket, until all who may have had it know of the new one', () => {
    expect(decideMoves(given({ silent: ['other'] }))).toEqual(nothing);
    const late = { me: {}, other: { making: 'the bucket of yesterday' } };
    expect(decideMoves(given({ announced: late }))).toEqual(nothing);
  });

  it('that is on its way already', () => {
    expect(decideMoves(given({ moving: all }))).toEqual(nothing);
    expect(decideMoves(given({ moving: all, held: all, stopping: true }))).toEqual(nothing);
  });
});

describe('a member lets go', () => {
  it('of what is another’s share', () => {
    const { release, take } = decideMoves(given({ announced: both, held: all, leases: [[all, 'me']] }));
    expect(release).toEqual(others);
    expect(take).toEqual([]);
  });

  it('of everything when it stops, and takes nothing', () => {
    const outlook = given({ held: mine, stopping: true, leases: [[mine, 'me']] });
    expect(decideMoves(outlook)).toEqual({ ...nothing, release: mine });
  });

  it('of leases in its name that it neither holds nor wants', () => {
    const { clear } = decideMoves(given({ announced: both, leases: [[all, 'me']] }));
    expect(clear).toEqual(others.map((partition) => ({ partition, revision: 100 + partition })));
  });
});
