import { fileURLToPath } from 'node:url';

/**
 * Two things in one file. For a test: `deathAt`. For a process of the build
 * that is started with what `deathAt` gives: a preload that ends it with
 * SIGKILL in the middle of one certain call. The product knows nothing of it.
 */

interface Point {
  /** Within the build. */
  file: string;
  class: string;
  method: string;
  /** Before the call, or when its promise has resolved and before the caller hears of it. */
  when: 'before' | 'after';
  /** Which calls count; all when left out. */
  counts?: (argument: Argument) => boolean;
}

/** What is looked at of a call's first argument: a fact. */
interface Argument {
  kind?: string;
  outcome?: string;
}

const journal = (when: Point['when'], counts: Point['counts']): Point => ({
  file: 'libs/bus/journal-writer.js',
  class: 'JournalWriter',
  method: 'append',
  when,
  ...(counts ? { counts } : {}),
});
const inBus = (file: string, name: string, method: string, when: Point['when']): Point => ({
  file: `libs/bus/${file}.js`,
  class: name,
  method,
  when,
});
const finished = (outcome: string) => (fact: Argument) =>
  fact.kind === 'attempt.finished' && fact.outcome === outcome;

const POINTS = {
  'deliveries published, not journaled': journal('before', ({ kind }) => kind === 'event.accepted'),
  'retry scheduled, not journaled': journal('before', finished('retrying')),
  'moved into the lane, not journaled': journal('before', ({ kind }) => kind === 'delivery.held'),
  'answered with 2xx, not journaled': journal('before', finished('success')),
  'journaled, not acknowledged': journal('after', finished('success')),
  'lane opened': inBus('lanes', 'Lanes', 'open', 'after'),
  'lane drained': {
    file: 'apps/dispatcher/lanes/lane-session.js',
    class: 'LaneSession',
    method: 'handle',
    when: 'after',
  },
  'lane about to be closed': inBus('lanes', 'Lanes', 'close', 'before'),
  'lane closed': inBus('lanes', 'Lanes', 'close', 'after'),
  'ordered lane opened': inBus('lanes', 'Lanes', 'openIndex', 'after'),
  'ordered lane drained': {
    file: 'apps/dispatcher/lanes/ordered-session.js',
    class: 'OrderedSession',
    method: 'carryOut',
    when: 'after',
  },
  'partition taken, not pulled from': inBus('homes/partition-homes', 'PartitionHomes', 'take', 'after'),
  'partition pulled from': inBus('jetstream-strategy', 'JetStreamStrategy', 'takePartition', 'after'),
  'partition let go of, not given up': inBus('homes/partition-homes', 'PartitionHomes', 'giveUp', 'before'),
} as const satisfies Record<string, Point>;

export interface Death {
  at: keyof typeof POINTS;
  /** At which of the calls that count; 1 is the first. */
  nth: number;
}

/** Options of node's own that end a process at this point. */
export function deathAt({ at, nth }: Death): string[] {
  const query = new URLSearchParams({ at, nth: String(nth) });
  return ['--import', `${new URL(`file://${import.meta.filename}`).href}?${query.toString()}`];
}

type Methods = Record<string, (this: unknown, ...given: unknown[]) => unknown>;

async function die(at: string, nth: number): Promise<void> {
  const point: Point | undefined = POINTS[at as Death['at']];
  if (!point) throw new Error(`There is no point called "${at}" at which a process could die.`);
  const built = new URL(`../../dist/${point.file}`, import.meta.url).href;
  const module = (await import(built)) as Record<string, { prototype: Methods } | undefined>;
  const methods = module[point.class]?.prototype;
  const method = methods?.[point.method];
  if (!methods || !method)
    throw new Error(`${fileURLToPath(built)} has no ${point.class}.${point.method} any more.`);
  const kill = (): void => void process.kill(process.pid, 'SIGKILL');
  let calls = 0;
  methods[point.method] = function (...given) {
    const now = (point.counts?.(given[0] as Argument) ?? true) && ++calls === nth;
    if (now && point.when === 'before') kill();
    const result = method.apply(this, given);
    return now ? Promise.resolve(result).then(kill) : result;
  };
}

const { searchParams } = new URL(import.meta.url);
const at = searchParams.get('at');
if (at !== null) await die(at, Number(searchParams.get('nth')));
