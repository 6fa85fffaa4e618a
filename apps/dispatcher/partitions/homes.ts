import { setTimeout as sleep } from 'node:timers/promises';
import { FORGOTTEN_AFTER_MS, type Leases, type PartitionHomes } from '#bus';
import { Announcer } from './announcer.js';
import { Bell } from './bell.js';
import { decideMoves, type From } from './decide-moves.js';
import { Roster } from './roster.js';

/** What happens to the partitions of this dispatcher. Of one partition, one thing at a time, but see `lost`. */
export interface HomesCallbacks {
  /**
   * The partition is ours from now on. What it throws gives the partition up
   * again, and it is tried again a second later.
   */
  acquired(partition: number, from: From): Promise<void> | void;
  /** Resolves when nothing of the partition is in hand any more; then it goes to another. */
  released(partition: number): Promise<void>;
  /**
   * The partitions may be others' already: stop at once. They are not
   * `released` any more. May come while `acquired` or `released` of the same
   * partition is under way; `acquired` comes again only when that is over.
   */
  lost(partitions: number[]): void;
}

interface Hold {
  revision: number;
}

const LOOK_EVERY_MS = 1_000;
/** Leases are given up and taken by the dozen; one look serves many. */
const SETTLE_MS = 50;
const RELEASE_WITHIN_MS = 8_000;
const STOP_WITHIN_MS = 9_000;

/**
 * The partitions that this dispatcher is the home of. Each partition:
 *
 *   elsewhere --(wanted, and free)--> taking --> held --(not wanted)--> releasing --> elsewhere
 *                                       |          |                        |
 *                                       `----------+---- cut off: lost -----'--> elsewhere
 *
 * Wanted is what rendezvous hashing gives us among those who are announced.
 * Free is a lease that nobody has, or whose holder is dead. Two members never
 * hold one partition at a time: a lease is written only as it was read; it is
 * taken from a holder only when that one is not announced any more; and a
 * holder stops by itself before that can be. The specs beside this file hold
 * that against death, cut-offs, and a NATS that lost its storage.
 */
export class Homes {
  private readonly held = new Map<number, Hold>();
  private readonly moving = new Map<number, Promise<void>>();
  private readonly roster = new Roster(FORGOTTEN_AFTER_MS);
  private readonly announcer: Announcer;
  private readonly bell = new Bell();
  private cutOffs = 0;
  private stopping = false;
  private stopped = false;
  private failing = false;
  private looking: Promise<void> | undefined;
  private endNews: (() => void) | undefined;

  /** @param id ours; new for each start of a process */
  constructor(
    private readonly store: PartitionHomes,
    private readonly id: string,
    private readonly callbacks: HomesCallbacks,
    private readonly report: (problem: string, error: unknown) => void,
  ) {
    this.announcer = new Announcer(store, id, () => this.cutOff(), report);
  }

  /**
   * Announces this dispatcher and takes what is its to take. Resolves when it
   * has taken what was free; waits for NATS for as long as it is away.
   */
  async start(): Promise<void> {
    this.endNews = this.store.news(
      (news) => {
        if (news === 'reconnected') this.announcer.say().catch(() => undefined);
        this.bell.ring();
      },
      (id) => this.roster.announced.has(id),
    );
    while (!this.stopping && !(await this.look())) await sleep(LOOK_EVERY_MS);
    await Promise.all(this.moving.values());
    if (this.stopping) return;
    this.announcer.repeat();
    this.looking = this.lookOn();
  }

  /** Whether the partition is ours at this moment. */
  holds(partition: number): boolean {
    return this.held.has(partition) && this.announcer.isLiving;
  }

  /** How many partitions are ours at this moment. */
  get size(): number {
    return this.announcer.isLiving ? this.held.size : 0;
  }

  /** Lets go of everything, so that the others can take it at once. Never takes longer than about ten seconds. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.bell.ring();
    const late = sleep(STOP_WITHIN_MS, undefined, { ref: false });
    await Promise.race([this.letGoOfAll(), late]);
    this.stopped = true;
    this.lose([...this.held.keys()]);
    this.endNews?.();
    try {
      await this.announcer.close();
    } catch (error) {
      this.report('the dispatcher could not say goodbye; others take over when it is forgotten', error);
    }
    await this.looking;
  }

  private async letGoOfAll(): Promise<void> {
    // Still there for what we hold, but nobody leaves us a share.
    const said = this.announcer.say({ leaving: true }).catch(() => undefined);
    while (this.held.size + this.moving.size > 0) {
      for (const [partition, hold] of this.held)
        if (!this.moving.has(partition)) this.move(partition, () => this.release(partition, hold));
      await Promise.race(this.moving.values());
    }
    await said;
  }

  private async lookOn(): Promise<void> {
    for (;;) {
      await this.bell.wait(LOOK_EVERY_MS, SETTLE_MS);
      if (this.stopping) return;
      await this.look();
    }
  }

  /** @returns whether NATS could be asked */
  private async look(): Promise<boolean> {
    try {
      await this.bringAbout();
      this.failing = false;
      return true;
    } catch (error) {
      if (!this.failing && !this.stopping) this.report('the homes of partitions could not be read', error);
      this.failing = true;
      return false;
    }
  }

  private async bringAbout(): Promise<void> {
    const heldBefore = [...this.held];
    const leases = await this.store.leases();
    if (leases.making === this.announcer.making) this.missing(heldBefore, leases);
    else {
      // The leases that we have are of a bucket that is no more.
      this.cutOff();
      await this.announcer.say({ making: leases.making });
    }
    this.roster.update(await this.store.members());
    if (!this.announcer.isLiving || this.stopping) return;
    const { take, release, clear } = decideMoves({
      self: this.id,
      stopping: this.stopping,
      announced: this.roster.announced,
      living: this.roster.living,
      leases,
      held: new Set(this.held.keys()),
      moving: new Set(this.moving.keys()),
    });
    for (const { partition, previous, from } of take)
      this.move(partition, () => this.take(partition, previous, from));
    for (const partition of release)
      this.move(partition, () => this.release(partition, this.held.get(partition)!));
    for (const { partition, revision } of clear)
      this.move(partition, () => this.store.giveUp(partition, revision));
  }

  /** Leases that someone took out of the bucket by hand are gone. */
  private missing(heldBefore: [number, Hold][], leases: Leases): void {
    const gone = heldBefore.filter(([partition, hold]) => {
      const found = leases.byPartition.get(partition);
      return this.held.get(partition) === hold && found?.revision !== hold.revision;
    });
    this.lose(gone.map(([partition]) => partition));
  }

  private move(partition: number, work: () => Promise<void>): void {
    const moved = work()
      .catch((error: unknown) => this.report(`the partition ${partition} could not be moved`, error))
      .finally(() => this.moving.delete(partition));
    this.moving.set(partition, moved);
  }

  private async take(partition: number, previous: number, from: From): Promise<void> {
    const { cutOffs } = this;
    const revision = await this.store.take(partition, this.id, previous);
    if (revision === undefined) return;
    // Cut off meanwhile, the lease may have been taken from us again; the next look tells.
    if (cutOffs !== this.cutOffs || !this.announcer.isLiving || this.stopped) return;
    const hold = { revision };
    this.held.set(partition, hold);
    try {
      await this.callbacks.acquired(partition, from);
    } catch (error) {
      this.forget(partition, hold);
      await this.store.giveUp(partition, revision);
      throw error;
    }
  }

  private async release(partition: number, hold: Hold): Promise<void> {
    const late = Symbol('late');
    const waiting = new AbortController();
    try {
      const released = this.callbacks.released(partition);
      const end = await Promise.race([
        released,
        sleep(RELEASE_WITHIN_MS, late, { signal: waiting.signal, ref: false }),
      ]);
      if (end === late)
        this.report(`the partition ${partition} was not let go of in time, and goes all the same`, undefined);
    } catch (error) {
      this.report(`the partition ${partition} was not let go of in order`, error);
    } finally {
      waiting.abort();
      this.forget(partition, hold);
    }
    await this.store.giveUp(partition, hold.revision);
    this.bell.ring();
  }

  private forget(partition: number, hold: Hold): void {
    if (this.held.get(partition) === hold) this.held.delete(partition);
  }

  private cutOff(): void {
    this.cutOffs++;
    this.roster.wait();
    this.bell.ring();
    this.lose([...this.held.keys()]);
  }

  private lose(partitions: number[]): void {
    if (partitions.length === 0) return;
    for (const partition of partitions) this.held.delete(partition);
    try {
      this.callbacks.lost(partitions);
    } catch (error) {
      this.report('lost partitions were not let go of in order', error);
    }
  }
}
