import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RateSnapshot, WebhookId } from '#domain';
import { JetStreamApiError } from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import { TimeoutError } from '@nats-io/transport-node';
import type { Wires } from './connection.js';
import { makeBucket } from './buckets/make-bucket.js';

/** What a webhook's limits have used. */
export interface Allowance {
  /** Of its own `rate_limit`. */
  rate?: RateSnapshot;
  /** Of what its tenant grants it in an hour. */
  hourly?: RateSnapshot;
  /** Of what its receiver allows in a minute. */
  agreed?: RateSnapshot;
}

/** Another home has written the webhook's allowance since it was loaded here. It is to be loaded again. */
export class AllowanceTakenOverError extends Error {
  override readonly name = 'AllowanceTakenOverError';
  constructor(webhook: WebhookId, expected: number, found: number) {
    super(`The allowance of ${webhook} is at revision ${found}, of another home's, not at ${expected}.`);
  }
}

/** Longer than the longest period of a limit, a day; and what is left of deleted webhooks goes by itself. */
const KEPT_MS = 2 * 86_400_000;
/** The key was written meanwhile; with and without the sequence that was found. */
const WRONG_LAST_SEQUENCE = [10_071, 10_164];
const TRIES = 5;
const TRY_AGAIN_MS = 5;

interface Written<State> {
  by: string;
  state: State;
}

/** A put that all saves join until it begins. */
interface Batch<State> {
  state: () => State;
  stored: Promise<void>;
}

/**
 * What must outlive the home of a rate-limited webhook: what its limits have
 * used. It is saved before the attempt, so a key has one put under way, and
 * all saves that come meanwhile are one put after it. One home writes a key;
 * what a former one writes late is told by the revision and refused.
 */
export class AllowanceStore<State = Allowance> {
  private readonly bucket: LazyBucket;
  private readonly me = randomUUID();
  private readonly revisions = new Map<WebhookId, number>();
  private readonly underWay = new Map<WebhookId, Promise<void>>();
  private readonly next = new Map<WebhookId, Batch<State>>();

  constructor(wires: Wires) {
    this.bucket = new LazyBucket(wires, 'allowances');
  }

  /**
   * Reads what the last home saved, and makes this one the home that may save.
   * @returns undefined when nothing was saved for days
   * @throws when NATS cannot be asked
   */
  async load(webhook: WebhookId): Promise<State | undefined> {
    await this.next.get(webhook)?.stored.catch(() => undefined);
    await this.underWay.get(webhook);
    const entry = await this.bucket.use((kv) => kv.get(webhook));
    this.revisions.set(webhook, entry?.revision ?? 0);
    return entry?.operation === 'PUT' ? entry.json<Written<State>>().state : undefined;
  }

  /**
   * Resolves when a state that `state` gave after this call is stored.
   * @param state asked when the put begins
   * @throws AllowanceTakenOverError when another home has saved since `load`
   * @throws when NATS did not store it
   */
  save(webhook: WebhookId, state: () => State): Promise<void> {
    const waiting = this.next.get(webhook);
    if (waiting) {
      waiting.state = state;
      return waiting.stored;
    }
    const batch: Batch<State> = { state, stored: Promise.resolve() };
    this.next.set(webhook, batch);
    batch.stored = this.putAfter(this.underWay.get(webhook), webhook, batch);
    return batch.stored;
  }

  /** The webhook has moved to another home. */
  forget(webhook: WebhookId): void {
    this.revisions.delete(webhook);
  }

  /** Undefined when none is under way: the put then begins after the caller's turn, so that others may join. */
  private async putAfter(
    before: Promise<void> | undefined,
    webhook: WebhookId,
    batch: Batch<State>,
  ): Promise<void> {
    await before;
    this.next.delete(webhook);
    const put = this.put(webhook, batch.state());
    const settled = put.catch(() => undefined);
    this.underWay.set(webhook, settled);
    try {
      await put;
    } finally {
      if (this.underWay.get(webhook) === settled) this.underWay.delete(webhook);
    }
  }

  private async put(webhook: WebhookId, state: State): Promise<void> {
    const value = JSON.stringify({ by: this.me, state } satisfies Written<State>);
    const loaded = this.revisions.get(webhook) ?? 0;
    let previousSeq = loaded;
    for (let tries = 1; ; tries++) {
      try {
        this.revisions.set(webhook, await this.bucket.use((kv) => kv.put(webhook, value, { previousSeq })));
        return;
      } catch (error) {
        if (!isWrongLastSequence(error)) throw error;
        const found = await this.bucket.use((kv) => kv.get(webhook));
        // Nothing is there when NATS lost its storage. Ours is there when an answer was lost.
        const mayWrite = found?.operation !== 'PUT' || found.json<Written<State>>().by === this.me;
        if (!mayWrite || tries === TRIES)
          throw new AllowanceTakenOverError(webhook, loaded, found?.revision ?? 0);
        previousSeq = found?.revision ?? 0;
        // A replica may be a moment behind.
        await sleep(TRY_AGAIN_MS * (tries - 1));
      }
    }
  }
}

/** A KV bucket that is made when it is first used, and made again when NATS has lost it. */
class LazyBucket {
  private opening: Promise<KV> | undefined;

  constructor(
    private readonly wires: Wires,
    private readonly name: string,
  ) {}

  async use<Result>(work: (kv: KV) => Promise<Result>): Promise<Result> {
    const opening = this.open();
    try {
      return await work(await opening);
    } catch (error) {
      if (isWrongLastSequence(error)) throw error;
      if (this.opening === opening) this.opening = undefined;
      if (error instanceof TimeoutError) throw error;
      return work(await this.open());
    }
  }

  private open(): Promise<KV> {
    return (this.opening ??= makeBucket(this.wires, this.name, { history: 1, ttl: KEPT_MS }));
  }
}

function isWrongLastSequence(error: unknown): boolean {
  return error instanceof JetStreamApiError && WRONG_LAST_SEQUENCE.includes(error.code);
}
