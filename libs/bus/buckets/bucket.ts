import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import { BucketWatch, followBucket } from './bucket-watch.js';
import type { Wires } from '../connection.js';
import { makeBucket } from './make-bucket.js';
import { readBucket } from './read-bucket.js';

/** What a bucket holds and under which keys. */
export interface BucketPlan<Key extends string[], Value> {
  name: string;
  /** How many parts a key has; only the last one may hold dots. */
  keyParts: number;
  keyOf: (value: Value) => Key;
  /** For how long it keeps what is not written again, milliseconds; for ever when left out. */
  keptMs?: number;
}

export interface BucketWatcher<Key extends string[], Value> {
  changed: (value: Value) => void;
  removed: (...key: Key) => void;
}

/** What the bucket has under a key. */
export interface Held<Value> {
  /** Changes with every write of the key. */
  revision: number;
  /** Undefined when it was removed. */
  value: Value | undefined;
}

/** The key was written by someone else meanwhile; with and without the sequence that was found. */
const WRONG_LAST_SEQUENCE = [10_071, 10_164];
const TRIES = 8;
const TRY_AGAIN_MS = 5;

/**
 * A KV bucket whose values carry a version: what the relay tells the data
 * plane. Writers that could be late write by `replace`, which fails when
 * someone wrote meanwhile.
 */
export class Bucket<Key extends string[], Value extends { version: number }> {
  private readonly watches = new Set<BucketWatch>();
  private progress: () => void = () => undefined;

  private constructor(
    private readonly kv: KV,
    private readonly plan: BucketPlan<Key, Value>,
    private readonly wires: Wires,
  ) {}

  /** Opens the bucket; makes it where it is missing. */
  static async open<Key extends string[], Value extends { version: number }>(
    wires: Wires,
    plan: BucketPlan<Key, Value>,
  ): Promise<Bucket<Key, Value>> {
    const options = { history: 1, ...(plan.keptMs === undefined ? {} : { ttl: plan.keptMs }) };
    const kv = await makeBucket(wires, plan.name, options);
    return new Bucket(kv, plan, wires);
  }

  get name(): string {
    return this.plan.name;
  }

  /** The value as the bucket has it now; undefined when it is not there or was removed. */
  async get(...key: Key): Promise<Value | undefined> {
    return (await this.held(...key))?.value;
  }

  /** What lies under a key, with the revision that `replace` asks for; undefined when nothing ever did. */
  async held(...key: Key): Promise<Held<Value> | undefined> {
    const entry = await this.kv.get(textOf(key));
    return entry ? heldOf(entry) : undefined;
  }

  /**
   * Writes a key that is still as it was held.
   * @param held what `held` or `digests` gave for the key
   * @param value undefined removes
   * @returns the revision that it has now, of a removal one that is no higher; undefined when someone wrote the key
   *   meanwhile, nothing is written then
   */
  async replace(
    key: Key,
    held: Held<unknown> | undefined,
    value: Value | undefined,
  ): Promise<number | undefined> {
    const text = textOf(key);
    const previousSeq = held?.revision ?? 0;
    try {
      if (value) return await this.kv.put(text, written(value), { previousSeq });
      if (held?.value === undefined) return previousSeq;
      await this.kv.delete(text, { previousSeq });
      return previousSeq + 1;
    } catch (error) {
      if (error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.includes(error.code)) return undefined;
      throw error;
    }
  }

  /**
   * Puts a value, unless the bucket holds a higher version of it.
   * @returns whether it was put
   */
  put(value: Value): Promise<boolean> {
    const isLater = (held: Value) => held.version > value.version;
    return this.write(this.plan.keyOf(value), value, isLater);
  }

  /** Removes a key, whatever lies under it. */
  async remove(...key: Key): Promise<void> {
    await this.write(key, undefined, () => false);
  }

  /** All values that the bucket holds now. */
  async entries(): Promise<Value[]> {
    const all = new Map<string, Value | undefined>();
    const updates = await followBucket(
      this.kv,
      (entry) => void all.set(entry.key, heldOf<Value>(entry).value),
    );
    updates.stop();
    return [...all.values()].filter((value) => value !== undefined);
  }

  /**
   * The digests (digestOf) of all that lies in the bucket now, by the text of the keys; of what was removed the
   * revision. A hundred thousand values themselves would keep garbage collection busy for longer than requests may
   * wait, and so would receiving them all at once.
   */
  async digests(): Promise<Map<string, Held<string>>> {
    const all = new Map<string, Held<string>>();
    await readBucket(this.wires, this.plan.name, ({ key, revision, value }) => {
      all.set(key, { revision, value: value && digest(value) });
    });
    return all;
  }

  /** The digest under which `digests` has a value that this process has written, or would. */
  digestOf(value: Value): string {
    return digest(written(value));
  }

  /** Is another after anything in the bucket changed, and after the bucket was made again. */
  async mark(): Promise<string> {
    const { created, state } = (await this.kv.status()).streamInfo;
    return `${created}/${state.last_seq}/${state.messages}`;
  }

  /**
   * Tells the watcher all there is, then each change. Resolves when all that was there at the start has been told.
   * @returns what ends the watching
   */
  async watch(watcher: BucketWatcher<Key, Value>): Promise<() => void> {
    const told = (entry: KvEntry) => {
      const { value } = heldOf<Value>(entry);
      if (value) watcher.changed(value);
      else watcher.removed(...this.keyFrom(entry.key));
    };
    const watch = await BucketWatch.begin(this.kv, this.wires.connection, told, () => this.progress());
    this.watches.add(watch);
    this.progress();
    return () => {
      this.watches.delete(watch);
      watch.stop();
    };
  }

  /** The revision up to which all watchers here have been told all; undefined when nobody watches. */
  get toldUpTo(): number | undefined {
    return this.watches.size === 0
      ? undefined
      : Math.min(...[...this.watches].map((watch) => watch.toldUpTo));
  }

  /** @param listener told, from now on, that `toldUpTo` has changed; there is one of them */
  onProgress(listener: () => void): void {
    this.progress = listener;
  }

  private async write(
    key: Key,
    value: Value | undefined,
    unless: (held: Value) => boolean,
  ): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      const held = await this.held(...key);
      if (held?.value && unless(held.value)) return false;
      if ((await this.replace(key, held, value)) !== undefined) return true;
      if (tries === TRIES) throw new Error(`${textOf(key)} in the bucket ${this.plan.name} is never still.`);
      await sleep(TRY_AGAIN_MS * tries);
    }
  }

  /** The key of which this is the text. */
  keyFrom(text: string): Key {
    const parts = text.split('.');
    const last = this.plan.keyParts - 1;
    return [...parts.slice(0, last), parts.slice(last).join('.')] as Key;
  }
}

function heldOf<Value>(entry: KvEntry): Held<Value> {
  return {
    revision: entry.revision,
    value: entry.operation === 'PUT' ? entry.json<Value>() : undefined,
  };
}

function written(value: unknown): string {
  return JSON.stringify(value);
}

function digest(text: string | Uint8Array): string {
  return hash('sha256', text, 'base64');
}

function textOf(key: string[]): string {
  return key.join('.');
}
