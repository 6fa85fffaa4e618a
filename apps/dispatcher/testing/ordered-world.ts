import {
  done,
  ORDER_HEADER,
  type BusMessage,
  type Consumer,
  type Outcome,
  type OwedDelivery,
  type RoutingFloor,
} from '#bus';
import type { Lane } from '../lanes/lane.js';
import type { SessionParts } from '../lanes/lane-session.js';
import { OrderedSession } from '../lanes/ordered-session.js';

/** What happens to one event; all times in milliseconds. */
export interface StoryOfEvent {
  /** After the one before it was accepted. */
  acceptedAfter: number;
  /** From its acceptance until routing has put it into the lane. */
  routed: number;
  /** From then until routing has acknowledged it. */
  acknowledged: number;
  failures: number;
  attempt: number;
  retryAfter: number;
}

export interface Crash {
  /** After the last one. */
  after: number;
  /** How far the attempt that is under way then comes: it is not told of, or its retry is scheduled at least. */
  leaves: 'nothing' | 'schedule';
  /** Until another takes over. */
  away: number;
}

interface InLane {
  sequence: number;
  owed: OwedDelivery;
}

interface Life {
  over: boolean;
  /** What the crash lets through. */
  leaves: Crash['leaves'];
}

const NEWS_EVERY_MS = 250;
const NEVER = new Promise<never>(() => undefined);

/**
 * NATS, routing and receivers as an ordered lane meets them, in a time that a
 * test can move: fakes of what surrounds an OrderedSession, so that thousands
 * of interleavings can be tried. The int spec of ordered lanes runs on the real ones.
 */
export class OrderedWorld {
  /** The events that were attempted, in order, and whether with success. */
  readonly attempts: { n: number; ok: boolean }[] = [];
  private readonly lane: InLane[] = [];
  private onTheWay = 0;
  private accepted = 0;
  private readonly acknowledged = new Set<number>();
  private sequence = 0;
  private answers = 0;
  private readonly failuresLeft: number[];
  private readonly arrived = new Set<(entry: InLane) => void>();

  /** @param latencies of the answers of NATS, one after another and again from the first */
  constructor(
    private readonly events: StoryOfEvent[],
    private readonly latencies: number[],
  ) {
    this.failuresLeft = events.map(({ failures }) => failures);
  }

  /** Whether all events were routed, and nothing of them is left. */
  get isEmpty(): boolean {
    return this.acknowledged.size === this.events.length && this.lane.length + this.onTheWay === 0;
  }

  /** Events are accepted and routed, whoever drains. */
  async route(): Promise<void> {
    for (const [n, story] of this.events.entries()) {
      await after(story.acceptedAfter);
      this.accepted++;
      void this.routeOne(n, story, Date.now());
    }
  }

  /** Drains the lane through all these crashes, and then on. */
  async drain(crashes: Crash[]): Promise<void> {
    for (const crash of crashes) {
      const life: Life = { over: false, leaves: crash.leaves };
      void this.open(life);
      await after(crash.after);
      life.over = true;
      await after(crash.away);
    }
    await this.open({ over: false, leaves: 'nothing' });
  }

  private async routeOne(n: number, story: StoryOfEvent, acceptedAt: number): Promise<void> {
    await after(story.routed);
    this.put(owedOf(n, acceptedAt, 1));
    await after(story.acknowledged);
    this.acknowledged.add(n + 1);
  }

  private put(owed: OwedDelivery): void {
    const entry = { sequence: ++this.sequence, owed };
    this.lane.push(entry);
    for (const told of this.arrived) told(entry);
  }

  private async open(life: Life): Promise<void> {
    const lane = {
      id: 'wh_ordered',
      waiting: 0,
      notBefore: 0,
      turn: () => Promise.resolve({ onSlow: () => undefined, end: () => undefined }),
    };
    const parts = {
      bus: {
        lanes: {
          openIndex: (_id: string, { handle }: { handle: (message: BusMessage) => Promise<Outcome> }) =>
            Promise.resolve(this.index(life, handle)),
          onTheWay: () => this.answer(life, () => this.onTheWay),
          read: (sequence: number) =>
            this.answer(life, () => this.lane.find((entry) => entry.sequence === sequence)),
        },
        routingFloors: { read: () => this.answer(life, () => this.floor()) },
      },
      carryOut: (owed: OwedDelivery) => this.attempt(life, owed),
      isHome: () => true,
      report: () => undefined,
    } as unknown as SessionParts;
    const session = await OrderedSession.open(lane as unknown as Lane, parts);
    const news = setInterval(() => (life.over ? clearInterval(news) : session.news()), NEWS_EVERY_MS);
  }

  /** A consumer of the lane's index, from its beginning. */
  private index(life: Life, handle: (message: BusMessage) => Promise<Outcome>): Pick<Consumer, 'position'> {
    let [pending, delivered, received] = [0, 0, 0];
    // The server hands out in order.
    let line = Promise.resolve();
    const handOut = (entry: InLane): void => {
      pending++;
      line = line.then(async () => {
        await after(this.latency());
        pending--;
        delivered++;
        const { sequence, owed } = entry;
        const order = `${owed.created_at} ${owed.sequence}`;
        const header = (name: string) => (name === ORDER_HEADER ? order : undefined);
        await after(this.latency());
        if (life.over) return;
        received++;
        const settled = handle({ sequence, header } as BusMessage);
        void settled.then(() => life.over || this.remove(sequence));
      });
    };
    this.lane.forEach(handOut);
    this.arrived.add(handOut);
    return { position: () => this.answer(life, () => ({ pending, delivered, received })) };
  }

  private async attempt(
    life: Life,
    owed: OwedDelivery,
  ): Promise<{ outcome: Outcome; retryAt: number | null }> {
    if (life.over) return NEVER;
    const n = owed.sequence - 1;
    const ok = this.failuresLeft[n]!-- <= 0;
    this.attempts.push({ n, ok });
    const { attempt, retryAfter } = this.events[n]!;
    await after(attempt);
    if (life.over && (ok || life.leaves === 'nothing')) return NEVER;
    if (ok) return { outcome: done, retryAt: null };
    const retryAt = Date.now() + retryAfter;
    void this.schedule({ ...owed, attempt: owed.attempt + 1 }, retryAfter);
    await after(this.latency());
    return life.over ? NEVER : { outcome: done, retryAt };
  }

  /** A retry, from its schedule through its partition into the lane. */
  private async schedule(owed: OwedDelivery, inMs: number): Promise<void> {
    this.onTheWay++;
    await after(inMs + this.latency());
    this.put(owed);
    // Its message in the partition is acknowledged after that.
    await after(this.latency());
    this.onTheWay--;
  }

  private remove(sequence: number): void {
    const at = this.lane.findIndex((entry) => entry.sequence === sequence);
    if (at >= 0) this.lane.splice(at, 1);
  }

  private floor(): RoutingFloor {
    let floor = 0;
    while (this.acknowledged.has(floor + 1)) floor++;
    return { floor, last: this.accepted };
  }

  /** What is true at some moment between question and answer; nobody hears it who has died. */
  private async answer<Value>(life: Life, value: () => Value): Promise<Value> {
    await after(this.latency());
    const found = value();
    await after(this.latency());
    return life.over ? NEVER : found;
  }

  private latency(): number {
    return this.latencies[this.answers++ % this.latencies.length] ?? 0;
  }
}

function owedOf(n: number, acceptedAt: number, attempt: number): OwedDelivery {
  return { sequence: n + 1, created_at: acceptedAt, attempt } as OwedDelivery;
}

function after(ms: number): Promise<void> {
  return ms > 0 ? new Promise((resolve) => setTimeout(resolve, ms)) : Promise.resolve();
}
