import {
  compareOrder,
  done,
  ORDER_HEADER,
  readOrder,
  type BusMessage,
  type Consumer,
  type DeliveryOrder,
  type Outcome,
} from '#bus';
import type { Lane } from './lane.js';
import type { Session, SessionParts } from './lane-session.js';
import type { Turn } from './turn.js';

interface Entry {
  order: DeliveryOrder;
  message: BusMessage;
  settle: (outcome: Outcome) => void;
}

/** How long to wait before looking again whether all that comes earlier is here; doubled each time up to the most. */
const LOOK_AGAIN_MS = 5;
const LOOK_AGAIN_AT_MOST_MS = 1_000;
/** A retry that is due later than that is not waited for with the lane open. */
const OPEN_FOR_RETRY_MS = 10_000;
const TROUBLE_MS = 500;

/**
 * Drains the lane of an ordered webhook: one delivery after another, by the
 * time at which their events were accepted.
 *
 *   index --> earliest --> nothing earlier can come --> attempted --> over --> next
 *               ^                                            `--> retrying: nothing else until it is back
 *               `------------------------------------------------------------'
 *
 * What routing puts into the lane is in no order (RoutingFloors). The earliest
 * that is here is the earliest there is, when routing had come past it and,
 * after that, everything in the lane was here, and no retry was on its way.
 */
export class OrderedSession implements Session {
  private readonly entries: Entry[] = [];
  /** Up to which sequence everything is here, by stream. */
  private readonly complete = new Map<string | undefined, number>();
  private closed = false;
  private resting = false;
  private current: Promise<void> | undefined;
  private wake: (() => void) | undefined;
  private consumer!: Consumer;
  private running!: Promise<void>;

  private constructor(
    private readonly lane: Lane,
    private readonly parts: SessionParts,
  ) {}

  /** @throws when NATS cannot be asked */
  static async open(lane: Lane, parts: SessionParts): Promise<OrderedSession> {
    const session = new OrderedSession(lane, parts);
    session.consumer = await parts.bus.lanes.openIndex(lane.id, {
      report: parts.report,
      handle: (message) => session.take(message),
    });
    session.running = session.run();
    return session;
  }

  get inHand(): number {
    return this.current ? 1 : 0;
  }

  news(): void {
    this.resting = false;
    this.wake?.();
  }

  rest(): void {
    this.resting = true;
  }

  async close(withinMs: number): Promise<void> {
    this.closed = true;
    this.wake?.();
    await Promise.race([this.running, new Promise((resolve) => setTimeout(resolve, withinMs).unref())]);
    const isHome = this.parts.isHome(this.lane.id);
    try {
      if (isHome) await this.consumer.acknowledged();
    } finally {
      // Also when NATS is away: else it would go on beside the lane's next session.
      this.consumer.abandon();
    }
    if (isHome) await this.parts.bus.lanes.close(this.lane.id);
  }

  private take(message: BusMessage): Promise<Outcome> {
    return new Promise((settle) => {
      this.insert({ order: readOrder(message.header(ORDER_HEADER)), message, settle });
      this.wake?.();
    });
  }

  /** Nearly always at the end. */
  private insert(entry: Entry): void {
    let at = this.entries.length;
    while (at > 0 && compareOrder(this.entries[at - 1]!.order, entry.order) > 0) at--;
    this.entries.splice(at, 0, entry);
  }

  private async run(): Promise<void> {
    let lookAgainMs = LOOK_AGAIN_MS;
    let nothingOnTheWay = false;
    let onTheWaySince = Date.now();
    while (!this.closed) {
      const [head] = this.entries;
      try {
        if (!head || this.resting) {
          await this.sleep(LOOK_AGAIN_AT_MOST_MS);
          continue;
        }
        nothingOnTheWay ||= (await this.parts.bus.lanes.onTheWay(this.lane.id)) === 0;
        if (!nothingOnTheWay || !(await this.isEarliest(head.order)) || this.entries[0] !== head) {
          await this.sleep(lookAgainMs);
          lookAgainMs = Math.min(2 * lookAgainMs, LOOK_AGAIN_AT_MOST_MS);
          if (!nothingOnTheWay && Date.now() - onTheWaySince > OPEN_FOR_RETRY_MS)
            this.lane.notBefore = Date.now() + OPEN_FOR_RETRY_MS;
          continue;
        }
        lookAgainMs = LOOK_AGAIN_MS;
        const retryAt = await this.carryOut(head);
        if (retryAt === null) continue;
        nothingOnTheWay = false;
        onTheWaySince = Date.now();
        this.complete.clear();
        if (retryAt - Date.now() > OPEN_FOR_RETRY_MS) this.lane.notBefore = retryAt;
      } catch (error) {
        this.parts.report(`the lane of ${this.lane.id} does not go on`, error);
        await this.sleep(TROUBLE_MS);
      }
    }
  }

  /** @returns when it is tried again, milliseconds since 1970; null when it is over, or has to wait here */
  private async carryOut(head: Entry): Promise<number | null> {
    const { lane, parts } = this;
    const found = await parts.bus.lanes.read(head.message.sequence);
    let outcome: Outcome = done;
    let retryAt: number | null = null;
    if (found) {
      const carrying = parts.carryOut(found.owed, found.data, head.message, () => this.turn());
      this.current = carrying.then(
        () => undefined,
        () => undefined,
      );
      try {
        ({ outcome, retryAt } = await carrying);
      } finally {
        this.current = undefined;
      }
    }
    if (outcome.kind === 'again') {
      this.resting = true;
      return null;
    }
    this.entries.splice(this.entries.indexOf(head), 1);
    lane.waiting = Math.max(0, lane.waiting - 1);
    head.settle(outcome);
    return retryAt;
  }

  /** @returns undefined when the lane has to wait */
  private async turn(): Promise<Turn | undefined> {
    const turn = await this.lane.turn();
    return typeof turn === 'string' ? undefined : turn;
  }

  /** Whether all that comes before is over: routed, in the lane, and here. */
  private async isEarliest({ stream, sequence }: DeliveryOrder): Promise<boolean> {
    if (sequence <= (this.complete.get(stream) ?? -1)) return true;
    const { floor, last } = await this.parts.bus.routingFloors.read(stream);
    const { pending, delivered, received } = await this.consumer.position();
    if (pending > 0 || received < delivered) return false;
    this.complete.set(stream, Math.min(floor, last));
    return sequence <= floor || sequence > last;
  }

  /** Ends sooner when there is news. */
  private async sleep(ms: number): Promise<void> {
    if (this.closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      const wake = () => {
        clearTimeout(timer);
        resolve();
      };
      this.wake = wake;
    });
    this.wake = undefined;
  }
}
