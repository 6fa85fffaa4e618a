import { setTimeout as sleep } from 'node:timers/promises';
import type { Fact } from '#domain';
import { GroupCommit } from './group-commit.js';

/** Facts are told apart by their sequence; nothing here reads more of them. */
const fact = (sequence: number): Fact => ({
  kind: 'event.rejected',
  tenant: 'acme',
  id: `evt_${sequence}`,
  type: '',
  accepted_at: 0,
  sequence,
  reason: 'empty',
  excerpt: '',
});
const sequencesOf = (facts: Fact[]) => facts.map((one) => ('sequence' in one ? one.sequence : -1));

class Away extends Error {}

interface Behaviour {
  /** Called with each write's facts; throws to refuse them. */
  onWrite?: (sequences: number[]) => void | Promise<void>;
}

function start({ onWrite }: Behaviour = {}) {
  const writes: number[][] = [];
  const written: number[] = [];
  const reported: string[] = [];
  const commit = new GroupCommit({
    write: async (facts) => {
      const sequences = sequencesOf(facts);
      writes.push(sequences);
      await onWrite?.(sequences);
      written.push(...sequences);
    },
    isTransient: (error) => error instanceof Away,
    report: (problem) => reported.push(problem),
  });
  return { commit, writes, written, reported };
}

describe('facts that are to be written', () => {
  it('are written together when they come together', async () => {
    const { commit, writes } = start();
    await Promise.all([1, 2, 3].map((n) => commit.add([fact(n)])));
    expect(writes).toEqual([[1, 2, 3]]);
  });

  it('gather while others are being written', async () => {
    const writing = Promise.withResolvers<void>();
    const { commit, writes } = start({ onWrite: () => (writes.length === 1 ? writing.promise : undefined) });
    const first = commit.add([fact(1)]);
    while (writes.length === 0) await sleep(1);
    const rest = [2, 3, 4].map((n) => commit.add([fact(n)]));
    writing.resolve();
    await Promise.all([first, ...rest]);
    expect(writes).toEqual([[1], [2, 3, 4]]);
  });

  it('are not confirmed before they are written', async () => {
    const writing = Promise.withResolvers<void>();
    const { commit, writes } = start({ onWrite: () => writing.promise });
    let confirmed = false;
    const adding = commit.add([fact(1)]).then(() => (confirmed = true));
    while (writes.length === 0) await sleep(1);
    await sleep(5);
    expect(confirmed).toBe(false);
    writing.resolve();
    await adding;
  });

  it('are split where one statement would carry too many, messages staying whole', async () => {
    const { commit, writes } = start();
    const messages = [1_500, 400, 200, 5_000, 10].map((count) =>
      Array.from({ length: count }, (_, i) => fact(i)),
    );
    await Promise.all(messages.map((facts) => commit.add(facts)));
    expect(writes.map((sequences) => sequences.length)).toEqual([1_900, 200, 5_000, 10]);
  });

  it('wait while the database is away, and all are written when it is back', async () => {
    let refusals = 2;
    const { commit, written, reported } = start({
      onWrite: () => {
        if (refusals-- > 0) throw new Away();
      },
    });
    await commit.add([fact(1), fact(2)]);
    expect(written).toEqual([1, 2]);
    expect(reported).toEqual(Array(2).fill('the database takes nothing now; facts wait'));
  });

  it('are all written but the one that cannot be, which is reported', async () => {
    for (const poison of [1, 7, 13]) {
      const { commit, written, reported } = start({
        onWrite: (sequences) => {
          if (sequences.includes(poison)) throw new Error('invalid input syntax');
        },
      });
      await Promise.all(Array.from({ length: 13 }, (_, i) => commit.add([fact(i + 1)])));
      expect(written).toEqual(Array.from({ length: 13 }, (_, i) => i + 1).filter((n) => n !== poison));
      expect(reported).toEqual(['a fact cannot be written and is passed over']);
    }
  });

  it('are all written although the database goes away in the search for the one that cannot be', async () => {
    let writes = 0;
    const { commit, written } = start({
      onWrite: (sequences) => {
        writes += 1;
        if (writes === 3) throw new Away();
        if (sequences.includes(2)) throw new Error('invalid input syntax');
      },
    });
    await commit.add([fact(1), fact(2), fact(3), fact(4)]);
    expect(written).toEqual([1, 3, 4]);
  });

  it('that are none need no statement', async () => {
    const { commit, writes } = start();
    await commit.add([]);
    expect(writes).toEqual([]);
  });

  it('are not confirmed when it is closed while the database is away', async () => {
    const { commit, written } = start({
      onWrite: () => {
        throw new Away();
      },
    });
    let confirmed = false;
    void commit.add([fact(1)]).then(() => (confirmed = true));
    await sleep(50);
    commit.close();
    await sleep(600);
    expect([confirmed, written]).toEqual([false, []]);
  });
});
