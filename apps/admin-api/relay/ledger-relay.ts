import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '#bus';
import type { Logger } from '#observability';
import { RelaySession, type LedgerChange, type LedgerRow } from '#persistence';
import { advance, type RelayProgress } from './relay-progress.js';
import { relayedAggregates, type Brought, type RelayedAggregate } from './relayed-aggregates.js';
import { RelayedChanges } from './relayed-changes.js';

/** NOTIFY wakes us; this is for the one that got lost. */
const POLL_MS = 1_000;
const BATCH = 500;
const BACK_OFF_MS = { first: 200, most: 2_000 };
/** The buckets are compared with the tables this often, or less often where that takes long. */
const REPAIR_EVERY_MS = 60_000;
const REPAIR_SHARE = 50;
/** What a server that died was asked is never answered; the client would wait for longer. */
const PUT_WITHIN_MS = 3_000;
const REPAIR_WITHIN_MS = 60_000;
/** Who is slower than this to say that it has read a change is not waited for. */
const READ_WITHIN_MS = 1_500;

/**
 * Brings what the ledger says into the KV buckets. Every replica of
 * the admin API has a relay; one at a time works. Its states:
 *
 * - waiting: listens, asks for the lock now and then, and hears what the
 *   working relay has put into the buckets
 * - repairing: has got the lock, and makes the buckets what the tables say
 * - following: puts each change, in whatever order it becomes visible, for a
 *   change is always put as the row is now; remembers how far it came. Repairs
 *   again now and then, and when NATS was away, alongside: with 100,000 webhooks that takes seconds, and
 *   no change shall wait for it
 *
 * Any error, of PostgreSQL or of NATS, ends the session and with it the lock,
 * and it begins again at waiting. So no state survives a fault, and whoever
 * gets the lock next repairs what the fault left.
 */
export class LedgerRelay {
  private readonly changes = new RelayedChanges();
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private waking: AbortController | undefined;
  private listening: () => void = () => undefined;
  private readonly aggregates: RelayedAggregate[];
  private busReturned = false;
  private working = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly bus: Bus,
    private readonly logger: Logger,
    private readonly repairEveryMs = REPAIR_EVERY_MS,
  ) {
    this.aggregates = relayedAggregates(bus);
    bus.followers.listen();
    bus.onReturn(() => {
      this.busReturned = true;
      this.waking?.abort();
    });
  }

  /** Begins. @returns once it hears of the ledger, or at once when PostgreSQL is away */
  async start(): Promise<void> {
    await new Promise<void>((listening) => {
      this.listening = listening;
      this.running = this.run();
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.waking?.abort();
    await this.running;
  }

  /**
   * Waits until a change is in its bucket and read by those who route and deliver.
   * @param seq the change's last ledger entry
   * @returns whether it was within the time; if not, it will be as soon as that is possible
   */
  relayed(seq: number, withinMs: number): Promise<boolean> {
    return this.changes.wait(seq, withinMs);
  }

  /** Whether NATS is there, as far as is known. */
  get hasNats(): boolean {
    return this.bus.connection.isStanding;
  }

  /** The aggregates of the ledger that it tells of. */
  get tells(): LedgerRow['aggregate_type'][] {
    return this.aggregates.map(({ type }) => type);
  }

  /** Whether it is this replica's relay that works. */
  get isWorking(): boolean {
    return this.working;
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async run(): Promise<void> {
    let backOff = BACK_OFF_MS.first;
    while (!this.stopped) {
      const began = Date.now();
      try {
        await this.runSession();
      } catch (error) {
        this.listening();
        if (this.stopped) return;
        this.logger.warn({ reason: String(error) }, 'the relay lost its footing and begins again');
        backOff =
          Date.now() - began > BACK_OFF_MS.most ? BACK_OFF_MS.first : Math.min(backOff * 2, BACK_OFF_MS.most);
        await sleep(backOff, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  private async runSession(): Promise<void> {
    let lost: Error | undefined;
    let grown: boolean;
    const session = await RelaySession.open(this.databaseUrl, 'tidings-relay', {
      ledgerGrew: () => {
        grown = true;
        this.waking?.abort();
      },
      relayed: (seqs) => this.changes.tell(seqs),
      lost: (error) => {
        lost = error;
        this.waking?.abort();
      },
    });
    this.listening();
    try {
      let progress: RelayProgress | undefined;
      let repairAt = Infinity;
      const repairAlongside = (): void => {
        repairAt = Infinity;
        this.busReturned = false;
        this.repair(session).then(
          (next) => (repairAt = next),
          (error: unknown) => {
            lost ??= error instanceof Error ? error : new Error(String(error));
            this.waking?.abort();
          },
        );
      };
      while (!this.stopped) {
        if (lost) throw lost;
        if (!progress && (await session.lock())) {
          await this.within(REPAIR_WITHIN_MS, this.bus.ensureTopology());
          progress = { place: await session.position(), ahead: [] };
          this.working = true;
          repairAt = await this.repair(session);
        }
        grown = false;
        if (Date.now() >= repairAt || (progress && this.busReturned)) repairAlongside();
        if (progress) progress = await this.follow(session, progress);
        if (!grown || !progress) await this.pause();
      }
    } finally {
      this.working = false;
      await session.close();
    }
  }

  /** @returns when to repair again */
  private async repair(session: RelaySession): Promise<number> {
    const began = Date.now();
    for (const aggregate of this.aggregates) {
      const repaired = await this.within(REPAIR_WITHIN_MS, aggregate.repair(session));
      if (repaired.put + repaired.removed > 0)
        this.logger.info(
          { of: aggregate.type, ...repaired },
          'a bucket did not agree with its table and was repaired',
        );
    }
    return Date.now() + Math.max(this.repairEveryMs, REPAIR_SHARE * (Date.now() - began));
  }

  private async follow(session: RelaySession, from: RelayProgress): Promise<RelayProgress> {
    let progress = from;
    const types = this.aggregates.map(({ type }) => type);
    for (;;) {
      const ahead = progress.ahead.map((entry) => entry.seq);
      const read = await session.changesAfter(progress.place, types, ahead, BATCH);
      if (read.changes.length > 0) {
        const brought = await this.within(PUT_WITHIN_MS, this.bring(session, read.changes));
        // Not awaited: no change shall wait for those who are slow to read another.
        void this.tellWhenRead(session, read.changes, brought);
      }
      const next = advance(progress, read);
      if (next.place.txid !== progress.place.txid || next.place.seq !== progress.place.seq)
        await session.moveTo(next.place);
      progress = next;
      if (!read.more) return progress;
    }
  }

  private async bring(session: RelaySession, changes: LedgerChange[]): Promise<Brought[]> {
    const brought: Brought[] = [];
    for (const { type, bring } of this.aggregates) {
      const touched = changes.filter((change) => change.aggregate === type);
      const ids = new Map(touched.map(({ tenant, id }) => [`${tenant}/${id}`, { tenant, id }]));
      if (ids.size > 0) brought.push(await bring(session, [...ids.values()]));
    }
    return brought;
  }

  /** Lets the writers of all replicas know of their changes once those who route and deliver work by them. */
  private async tellWhenRead(
    session: RelaySession,
    changes: LedgerChange[],
    brought: Brought[],
  ): Promise<void> {
    const { followers } = this.bus;
    await Promise.all(
      brought.map(({ bucket, revision }) => followers.reached(bucket, revision, READ_WITHIN_MS)),
    );
    const seqs = changes.map((change) => change.seq);
    this.changes.tell(seqs);
    // Where the session is over the writers of other replicas wait in vain, for a bounded time.
    await session.announce(seqs).catch(() => undefined);
  }

  private async pause(): Promise<void> {
    const waking = new AbortController();
    this.waking = waking;
    if (this.stopped) return;
    await sleep(POLL_MS, undefined, { signal: waking.signal }).catch(() => undefined);
    this.waking = undefined;
  }

  /**
   * Waits for work on NATS, though not for ever, and not when we are to stop.
   * @throws Error when it is not done in time; the work itself goes on
   */
  private async within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.stopping.signal]);
    const late = sleep(ms, undefined, { signal }).then(() => {
      throw new Error(`NATS did not do it within ${ms} ms`);
    });
    work.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      done.abort();
      late.catch(() => undefined);
    }
  }
}
