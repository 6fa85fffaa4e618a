import { setTimeout as sleep } from 'node:timers/promises';
import { FORGOTTEN_AFTER_MS, type Announcement, type PartitionHomes } from '#bus';
import { Fence, momentNow } from './fence.js';

const EVERY_MS = 2_500;
const AFTER_FAILURE_MS = 500;
/** By so much sooner than the others may we must count ourselves as dead: for clocks that run at different speeds, and what was just begun. */
const MARGIN_MS = 2_000;
const TRIES = 3;

/**
 * Says again and again that this member is there, and notices when others may
 * take it for dead: its word did not arrive for too long, or it arrived where
 * nobody remembered the one before.
 */
export class Announcer {
  private readonly fence = new Fence(FORGOTTEN_AFTER_MS - MARGIN_MS);
  private readonly closing = new AbortController();
  private said: Announcement = { making: '', leaving: false };
  private revision = 0;
  private turn: Promise<void> = Promise.resolve();
  private repeating: Promise<void> | undefined;
  private fenceTimer: NodeJS.Timeout | undefined;

  /** @param cutOff called when others may take us for dead; may be called again while nothing changed */
  constructor(
    private readonly store: PartitionHomes,
    private readonly id: string,
    private readonly cutOff: () => void,
    private readonly report: (problem: string, error: unknown) => void,
  ) {}

  /** Whether all others still take us for living. */
  get isLiving(): boolean {
    return this.fence.isUp;
  }

  /** Which making of the leases was announced last. */
  get making(): string {
    return this.said.making;
  }

  /**
   * Announces at once.
   * @throws when NATS did not take it
   */
  say(change: Partial<Announcement> = {}): Promise<void> {
    const said = this.turn
      .catch(() => undefined)
      .then(() => {
        this.said = { ...this.said, ...change };
        return this.announce();
      });
    this.turn = said;
    return said;
  }

  /** From now on it is said again and again. */
  repeat(): void {
    this.repeating ??= this.saying();
  }

  /** Ends that, and says goodbye. */
  async close(): Promise<void> {
    this.closing.abort();
    await this.repeating;
    await this.turn.catch(() => undefined);
    clearTimeout(this.fenceTimer);
    this.fence.bringDown();
    await this.store.depart(this.id);
  }

  private async saying(): Promise<void> {
    const { signal } = this.closing;
    let failing = false;
    while (!signal.aborted) {
      try {
        await this.say();
        failing = false;
      } catch (error) {
        if (!failing) this.report('the dispatcher could not announce itself', error);
        failing = true;
      }
      const pause = failing ? AFTER_FAILURE_MS : EVERY_MS;
      await sleep(pause, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  private async announce(): Promise<void> {
    for (let tries = 1; tries <= TRIES; tries++) {
      const sentAt = momentNow();
      const revision = await this.store.announce(this.id, this.said, this.revision);
      if (revision !== undefined) {
        this.revision = revision;
        this.fence.renewed(sentAt);
        this.watchFence();
        return;
      }
      const found = await this.store.announced(this.id);
      this.revision = found?.revision ?? 0;
      // Only we write this key, each time on top of the last: what is there is an
      // announcement of ours whose acknowledgement was lost, and there was no gap before it.
      if (!found?.announcement) this.fall();
    }
    throw new Error(`The announcement of ${this.id} was refused ${TRIES} times: its key is never still.`);
  }

  private watchFence(): void {
    clearTimeout(this.fenceTimer);
    this.fenceTimer = setTimeout(() => {
      if (this.fence.isUp) this.watchFence();
      else this.fall();
    }, this.fence.leftMs).unref();
  }

  private fall(): void {
    clearTimeout(this.fenceTimer);
    this.fence.bringDown();
    this.cutOff();
  }
}
