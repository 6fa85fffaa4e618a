import { createServer, connect as connectTo, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Bus, PARTITIONS } from '#bus';
import { newId } from '#domain';
import { TOPOLOGY } from '#testing';
import type { From } from '../partitions/decide-moves.js';
import { Homes } from '../partitions/homes.js';

export const ALL_PARTITIONS = Array.from({ length: PARTITIONS }, (_, partition) => partition);
const SAMPLE_MS = 5;

export interface TestMember {
  id: string;
  homes: Homes;
  /** What it was given and has not let go of. */
  has: Set<number>;
  /** How each partition came, in order. */
  came: { partition: number; from: From }[];
  /** How many partitions it was told that it lost. */
  lost: number;
  /** Ends its connection, without a word to anyone. */
  vanish(): Promise<void>;
  stop(): Promise<void>;
}

export interface MemberOptions {
  /** Another way to the server. */
  url?: string;
  /** How long it takes to let go of a partition, milliseconds. */
  releaseMs?: number;
  acquired?: (partition: number) => Promise<void> | void;
}

/** Dispatchers that share partitions, and what went wrong between them. */
export class TestMembers {
  readonly members: TestMember[] = [];
  /** Moments at which a partition had two homes. */
  readonly overlaps: string[] = [];
  readonly problems: string[] = [];
  private readonly owners = new Map<number, TestMember>();
  private readonly sampler: NodeJS.Timeout;

  constructor(private readonly url: string) {
    this.sampler = setInterval(() => this.sample(), SAMPLE_MS);
  }

  async join(options: MemberOptions = {}): Promise<TestMember> {
    const bus = await Bus.open({ url: options.url ?? this.url, name: 'member' }, TOPOLOGY);
    const member: TestMember = {
      id: newId('att'),
      has: new Set(),
      came: [],
      lost: 0,
      homes: undefined as unknown as Homes,
      vanish: () => bus.close(),
      stop: async () => {
        await member.homes.stop();
        await bus.close();
      },
    };
    member.homes = new Homes(
      bus.homes,
      member.id,
      {
        acquired: async (partition, from) => {
          await options.acquired?.(partition);
          this.own(partition, member);
          member.came.push({ partition, from });
        },
        released: async (partition) => {
          await sleep(options.releaseMs ?? 0, undefined, { ref: false });
          this.disown(partition, member);
        },
        lost: (partitions) => {
          member.lost += partitions.length;
          for (const partition of partitions) this.disown(partition, member);
        },
      },
      (problem) => this.problems.push(problem),
    );
    this.members.push(member);
    await member.homes.start();
    return member;
  }

  /** The partitions that have a home, by what members were told. */
  get homed(): number {
    return this.owners.size;
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
    clearInterval(this.sampler);
  }

  private own(partition: number, member: TestMember): void {
    const owner = this.owners.get(partition);
    if (owner) this.overlaps.push(`${member.id} was given ${partition} while ${owner.id} had it`);
    this.owners.set(partition, member);
    member.has.add(partition);
  }

  private disown(partition: number, member: TestMember): void {
    if (this.owners.get(partition) === member) this.owners.delete(partition);
    member.has.delete(partition);
  }

  private sample(): void {
    for (const partition of ALL_PARTITIONS) {
      const holders = this.members.filter(({ homes }) => homes.holds(partition));
      if (holders.length > 1) this.overlaps.push(`${partition} is held by ${holders.length}`);
    }
  }
}

export interface TestWire {
  url: string;
  /** From now on nothing passes, in either direction, and nobody is told. */
  stall(): void;
  /** What was sent meanwhile arrives now. */
  flow(): void;
  stop(): Promise<void>;
}

/** A way to a server that can fall silent. */
export async function startWire(serverUrl: string): Promise<TestWire> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let stalled = false;
  const server = createServer((near) => {
    const far = connectTo(Number(target.port), target.hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => to.write(data));
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
      if (stalled) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(serverUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    stall: () => {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    flow: () => {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
