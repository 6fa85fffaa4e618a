import { withOwed, type Bus, type BusMessage, type Consumer, type Outcome, type OwedDelivery } from '#bus';
import type { WebhookId } from '#domain';
import type { Lane } from './lane.js';
import type { Turn } from './turn.js';

/** What became of a delivery that was taken up. */
export interface Carried {
  outcome: Outcome;
  /** When it is tried again, milliseconds since 1970; null when it is not. */
  retryAt: number | null;
}

/**
 * Carries out one delivery of a lane.
 * @param turn asked before the attempt, if there is one; undefined when the lane has to wait
 */
export type CarryOut = (
  owed: OwedDelivery,
  data: Buffer,
  message: BusMessage,
  turn: () => Promise<Turn | undefined>,
) => Promise<Carried>;

export interface SessionParts {
  bus: Pick<Bus, 'lanes' | 'routingFloors'>;
  carryOut: CarryOut;
  /** Whether the lane is still ours: a next home has made its consumer anew. */
  isHome: (webhook: WebhookId) => boolean;
  report: (problem: string, error: unknown) => void;
}

/** What drains one lane for a while. */
export interface Session {
  /** Something changed: there may be more room than before. */
  news: () => void;
  /** Takes up nothing more until there is news. */
  rest: () => void;
  /** Ends when what is in hand is over, or was handed back after the time. */
  close: (withinMs: number) => Promise<void>;
  /** Deliveries in hand. */
  readonly inHand: number;
}

/** Drains the lane of a webhook that takes its deliveries in any order, as many at once as it allows. */
export class LaneSession implements Session {
  private constructor(
    private readonly lane: Lane,
    private readonly parts: SessionParts,
  ) {}

  private consumer!: Consumer;

  /** @throws when NATS cannot be asked */
  static async open(lane: Lane, parts: SessionParts): Promise<LaneSession> {
    const session = new LaneSession(lane, parts);
    session.consumer = await parts.bus.lanes.open(lane.id, {
      capacity: () => lane.room(),
      report: parts.report,
      handle: (message) => session.handle(message),
    });
    return session;
  }

  get inHand(): number {
    return this.consumer.inFlight;
  }

  news(): void {
    this.consumer.goOn();
  }

  rest(): void {
    void this.consumer.beStill();
  }

  async close(withinMs: number): Promise<void> {
    await this.consumer.drain(withinMs);
    if (!this.parts.isHome(this.lane.id)) return;
    await this.consumer.acknowledged();
    await this.parts.bus.lanes.close(this.lane.id);
  }

  private async handle(message: BusMessage): Promise<Outcome> {
    const outcome = await withOwed(message, async (owed, data) => {
      const carried = await this.parts.carryOut(owed, data, message, () => this.turn());
      return carried.outcome;
    });
    if (outcome.kind !== 'again') this.lane.waiting = Math.max(0, this.lane.waiting - 1);
    return outcome;
  }

  /** @returns undefined when the lane has to wait; it is handed back then, once nothing is pulled any more */
  private async turn(): Promise<Turn | undefined> {
    const turn = await this.lane.turn();
    if (typeof turn !== 'string') return turn;
    await this.consumer.beStill();
    return undefined;
  }
}
