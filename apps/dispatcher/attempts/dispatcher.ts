import {
  again,
  deliveryRefOf,
  done,
  partitionOf,
  withOwed,
  type BusMessage,
  type JournalWriter,
  type Outcome,
  type OwedDelivery,
} from '#bus';
import type { Lane } from '../lanes/lane.js';
import type { LaneKeeper } from '../lanes/lane-keeper.js';
import type { Carried, CarryOut } from '../lanes/lane-session.js';
import type { Turn, Wait } from '../lanes/turn.js';
import type { Courier } from './courier.js';
import type { Front } from '../front/front.js';

/**
 * Takes up what is ready: it is attempted at once when its webhook can take it,
 * else it moves, once, into the webhook's lane. First attempts and retries
 * come the same way, so neither can keep the other waiting.
 *
 *   ready --> its turn --> attempted (Courier)
 *     `-----> held: into the lane, and attempted from there when it is its turn
 */
export class Dispatcher {
  constructor(
    private readonly courier: Courier,
    private readonly lanes: LaneKeeper,
    private readonly journal: JournalWriter,
    private readonly isHome: (partition: number) => boolean,
    private readonly count: { held: (reason: Wait) => void },
    private readonly front: Pick<Front, 'tookUp' | 'movedToLane'>,
  ) {}

  /** @throws when NATS did not take what comes next; the message is then to be handled again */
  dispatch(message: BusMessage): Promise<Outcome> {
    return withOwed(message, (owed, data) => this.takeUp(owed, data, message));
  }

  /** Carries out a delivery of a lane, when its turn comes. */
  readonly carryOut: CarryOut = async (owed, data, message, turn): Promise<Carried> => {
    const ready = await this.courier.examine(owed);
    if (!ready) return { outcome: done, retryAt: null };
    const granted = await turn();
    if (!granted || this.isElsewhere(owed, message, granted)) return { outcome: again(0), retryAt: null };
    return this.courier.attempt(ready, owed, data, message, granted);
  };

  private async takeUp(owed: OwedDelivery, data: Uint8Array, message: BusMessage): Promise<Outcome> {
    // Its partition has moved on while it was on its way here.
    if (!this.isHome(partitionOf(owed.webhook))) return again();
    this.front.tookUp(message.storedAt);
    const ready = await this.courier.examine(owed);
    if (!ready) return done;
    const found = this.lanes.of(ready.webhook);
    const lane = found instanceof Promise ? await found : found;
    if (ready.webhook.ordered) return this.hold(lane, owed, data, message, null);
    // Whoever had it may have moved it already; behind what waits there it is known again. What they may have
    // scheduled is taken back, for nothing tells of it there.
    if (message.redelivered && (await this.lanes.measure(lane)) > 0) {
      await this.lanes.takeBack(owed);
      return this.hold(lane, owed, data, message, 'webhook_busy');
    }
    const entered = lane.enter();
    const turn = typeof entered === 'string' ? entered : await entered;
    if (typeof turn === 'string') return this.hold(lane, owed, data, message, turn);
    if (this.isElsewhere(owed, message, turn)) return again();
    // From here on the front bounds it; others of its partition may be handed out.
    message.park();
    return (await this.courier.attempt(ready, owed, data, message, turn)).outcome;
  }

  /** Whether the delivery became another home's while it waited for its turn; the turn is over then. */
  private isElsewhere(owed: OwedDelivery, message: BusMessage, turn: Turn): boolean {
    if (!message.isHandedBack && this.isHome(partitionOf(owed.webhook))) return false;
    turn.end(undefined);
    return true;
  }

  /** @param reason null for what waits for nothing but its turn in the order */
  private async hold(
    lane: Lane,
    owed: OwedDelivery,
    data: Uint8Array,
    message: BusMessage,
    reason: Wait | null,
  ): Promise<Outcome> {
    await this.lanes.hold(lane, owed, data, message.sequence);
    if (reason === null || reason === 'webhook_busy') this.front.movedToLane();
    if (reason === null) return done;
    await this.journal.append({
      kind: 'delivery.held',
      ...deliveryRefOf(owed),
      at: Date.now(),
      attempt_count: owed.attempt - 1,
      reason,
    });
    this.count.held(reason);
    return done;
  }
}
