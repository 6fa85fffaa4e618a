import { jetstream, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';
import { Kvm, type KV, type KvEntry } from '@nats-io/kv';
import type { Wires } from '../connection.js';
import { makeBucket } from '../buckets/make-bucket.js';

/** What a dispatcher says of itself. */
export interface Announcement {
  /** Which making of the bucket `homes` its leases belong to (`Leases.making`). */
  making: string;
  /** It is stopping: it keeps what it has not yet let go of, and wants no more. */
  leaving: boolean;
}

export interface Member {
  id: string;
  /** Changes each time it announces itself. */
  revision: number;
  /** Undefined when it said goodbye. */
  announcement: Announcement | undefined;
  /** When it last announced itself or said goodbye, milliseconds since 1970. */
  at: number;
}

export interface Lease {
  partition: number;
  /** Who has the partition; undefined when it was let go of. */
  member: string | undefined;
  /** Changes each time the lease is taken or given up. */
  revision: number;
  /** When it was taken or given up, milliseconds since 1970. */
  at: number;
}

export interface Leases {
  /** Another text when NATS lost the bucket and it was made again: all leases are void then. */
  making: string;
  byPartition: Map<number, Lease>;
}

/** Who is there, and who has what; for people. */
export interface HomesRead {
  members: { id: string; leaving: boolean; announced_at: number }[];
  homes: { partition: number; member: string; since: number }[];
}

/** A member that has not announced itself for so long is forgotten by the server. */
export const FORGOTTEN_AFTER_MS = 11_000;
const DISPATCHERS = 'dispatchers';
const HOMES = 'homes';
/** Short, for whoever waits for an answer may lose its leases meanwhile. */
const ANSWER_MS = 2_000;
const STREAM_NOT_FOUND = 10_059;
/** The key was written by someone else meanwhile; with and without the sequence that was found. */
const WRONG_LAST_SEQUENCE = [10_071, 10_164];

interface Entries {
  making: string;
  /** The sequence of the last word that was written before they were read. */
  written: number;
  entries: KvEntry[];
}

interface Buckets {
  manager: JetStreamManager;
  dispatchers: KV;
  homes: KV;
}

/**
 * The two buckets by which dispatchers share the partitions: `dispatchers`
 * (who is there; a key that is not written again is forgotten) and `homes`
 * (who has which partition; written only as it was read).
 *
 * Both are read from the stream's leader, never directly from a replica: a
 * replica that is behind would take a living member for a dead one.
 */
export class PartitionHomes {
  private bound: Promise<Buckets> | undefined;
  /** What each bucket held when it was last read. */
  private readonly seen = new Map<string, Entries>();

  constructor(private readonly wires: Wires) {}

  /**
   * Writes a member's key that is still as the member left it.
   * @param previous the revision it was left at; 0 for a key that is not there
   * @returns the new revision; undefined when the key is not so (any more), and nothing is written then
   * @throws when NATS did not answer; it may be written all the same
   */
  async announce(id: string, announcement: Announcement, previous: number): Promise<number | undefined> {
    const { dispatchers } = await this.buckets();
    return unlessWritten(() =>
      dispatchers.put(id, JSON.stringify(announcement), { previousSeq: previous, timeout: ANSWER_MS }),
    );
  }

  /** A member's key as it is now; undefined when it was forgotten. */
  async announced(id: string): Promise<Member | undefined> {
    const entry = await (await this.buckets()).dispatchers.get(id);
    return entry ? memberOf(entry) : undefined;
  }

  /** Says goodbye: nothing that this member had is in its hands any more. */
  async depart(id: string): Promise<void> {
    await (await this.buckets()).dispatchers.delete(id);
  }

  /** Everyone who announced themselves or said goodbye and is not forgotten yet. Makes the buckets where missing. */
  members(): Promise<Member[]> {
    return this.made(() => this.readMembers());
  }

  /** All leases that were ever taken since the bucket was made. Makes the buckets where missing. */
  leases(): Promise<Leases> {
    return this.made(() => this.readLeases());
  }

  /**
   * Takes a lease that is still as it was read.
   * @param previous the revision it was read at; 0 for one that was never taken
   * @returns the lease's revision from now on; undefined when someone else wrote it meanwhile
   * @throws when NATS did not answer; it may be taken all the same
   */
  async take(partition: number, member: string, previous: number): Promise<number | undefined> {
    const { homes } = await this.buckets();
    return unlessWritten(() =>
      homes.put(String(partition), JSON.stringify({ member }), { previousSeq: previous, timeout: ANSWER_MS }),
    );
  }

  /** Gives a lease up that is still the one that was taken; otherwise does nothing. */
  async giveUp(partition: number, revision: number): Promise<void> {
    const { homes } = await this.buckets();
    await unlessWritten(async () => {
      await homes.delete(String(partition), { previousSeq: revision });
      return revision;
    });
  }

  /** Who is there, and who has what; nothing where no dispatcher ever ran. */
  async read(): Promise<HomesRead> {
    try {
      const [members, { byPartition }] = await Promise.all([this.readMembers(), this.readLeases()]);
      return {
        members: members.flatMap(({ id, announcement, at }) =>
          announcement ? { id, leaving: announcement.leaving, announced_at: at } : [],
        ),
        homes: [...byPartition.values()].flatMap(({ partition, member, at }) =>
          member === undefined ? [] : { partition, member, since: at },
        ),
      };
    } catch (error) {
      if (isMissing(error)) return { members: [], homes: [] };
      throw error;
    }
  }

  /**
   * Rings when someone comes or goes, when a lease is given up, and when the
   * connection is back. It may ring too early by a moment (before the buckets
   * show it) and, around a loss of the connection, not at all: look again after
   * a while whatever happens.
   * @param known members whose announcements are no news
   * @returns what ends it
   */
  news(ring: (news: 'change' | 'reconnected') => void, known: (id: string) => boolean): () => void {
    const { connection } = this.wires;
    let ended = false;
    // A write to a bucket is a message on its subject, which anyone can hear.
    const subscriptions = [DISPATCHERS, HOMES].map((bucket) =>
      connection.subscribe(`$KV.${bucket}.*`, {
        callback: (error, message) => {
          if (error || ended) return;
          const removed = message.headers?.has('KV-Operation') ?? false;
          const id = message.subject.slice(message.subject.lastIndexOf('.') + 1);
          if (removed || (bucket === DISPATCHERS && !known(id))) ring('change');
        },
      }),
    );
    void (async () => {
      for await (const { type } of connection.status()) {
        if (ended) return;
        if (type === 'reconnect') ring('reconnected');
      }
    })();
    return () => {
      ended = true;
      for (const subscription of subscriptions) subscription.unsubscribe();
    };
  }

  private async readMembers(): Promise<Member[]> {
    const { manager, dispatchers } = await this.buckets();
    return (await this.entriesOf(manager, DISPATCHERS, dispatchers)).entries.map(memberOf);
  }

  private async readLeases(): Promise<Leases> {
    const { manager, homes } = await this.buckets();
    const { making, entries } = await this.entriesOf(manager, HOMES, homes);
    const leases = entries.map(leaseOf);
    return { making, byPartition: new Map(leases.map((lease) => [lease.partition, lease])) };
  }

  /** Asks for the entries only when something was written since: everyone looks every second. */
  private async entriesOf(manager: JetStreamManager, bucket: string, kv: KV): Promise<Entries> {
    const { created, state } = await manager.streams.info(`KV_${bucket}`, { subjects_filter: '>' });
    const keys = Object.keys(state.subjects ?? {}).map((subject) => subject.slice(`$KV.${bucket}.`.length));
    const seen = this.seen.get(bucket);
    const making = String(created);
    if (seen?.making === making && seen.written === state.last_seq)
      // What is forgotten goes without anything being written.
      return { ...seen, entries: seen.entries.filter(({ key }) => keys.includes(key)) };
    const found = await Promise.all(keys.map((key) => kv.get(key)));
    const entries = found.filter((entry) => entry !== null);
    const read = { making, written: state.last_seq, entries };
    this.seen.set(bucket, read);
    return read;
  }

  /** NATS may have lost the buckets; any number of processes may make them at once. */
  private async made<Read>(read: () => Promise<Read>): Promise<Read> {
    try {
      return await read();
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    const wires = { ...this.wires, jetstream: jetstream(this.wires.connection, { timeout: ANSWER_MS }) };
    await makeBucket(wires, DISPATCHERS, { history: 1, ttl: FORGOTTEN_AFTER_MS, allow_direct: false });
    await makeBucket(wires, HOMES, { history: 1, allow_direct: false });
    return read();
  }

  private buckets(): Promise<Buckets> {
    // Binding asks the server nothing, so it cannot fail for a server that is away.
    this.bound ??= bind(this.wires);
    return this.bound;
  }
}

async function bind({ connection }: Wires): Promise<Buckets> {
  const client = jetstream(connection, { timeout: ANSWER_MS });
  const kvm = new Kvm(client);
  const [manager, dispatchers, homes] = await Promise.all([
    client.jetstreamManager(false),
    kvm.open(DISPATCHERS, { allow_direct: false }),
    kvm.open(HOMES, { allow_direct: false }),
  ]);
  return { manager, dispatchers, homes };
}

/** Whether the error says that a bucket is not there. */
function isMissing(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND;
}

function memberOf(entry: KvEntry): Member {
  const announcement = entry.operation === 'PUT' ? entry.json<Announcement>() : undefined;
  return { id: entry.key, revision: entry.revision, announcement, at: entry.created.getTime() };
}

function leaseOf(entry: KvEntry): Lease {
  const member = entry.operation === 'PUT' ? entry.json<{ member: string }>().member : undefined;
  return { partition: Number(entry.key), member, revision: entry.revision, at: entry.created.getTime() };
}

async function unlessWritten(write: () => Promise<number>): Promise<number | undefined> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.includes(error.code)) return undefined;
    throw error;
  }
}
