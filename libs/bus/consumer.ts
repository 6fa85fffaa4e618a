import type { Consumer as PullConsumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import type { Wires } from './connection.js';
import { InHand, Linked } from './in-hand.js';
import { BusMessage } from './message.js';
import { again, settle, type Outcome } from './outcome.js';
import { ensureConsumer, type ConsumerPlan } from './topology.js';

/**
 * A consumer pulls, hands each message to its handler, and settles it by the
 * outcome.
 *
 *   opening --> pulling <--> still --> draining --> closed
 *
 * - pulling: at most `capacity` messages are held or asked for, those apart
 *   that are parked. A message that is held shows a sign of life every third of
 *   its ack wait, so that a slow handler keeps it and a dead process loses it.
 * - still: nothing more is asked for; what is held goes on.
 * - draining: nothing more is asked for, and what is still on its way is handed
 *   back; what is held may finish until the deadline, then it is handed back too.
 */
export interface ConsumerOptions {
  plan: ConsumerPlan;
  /** Messages that this process holds at once; a function is asked before each pull. */
  capacity: number | (() => number);
  handle: (message: BusMessage) => Promise<Outcome>;
  /** Told of what went wrong without a handler being at fault, and of handlers that threw. */
  report: (problem: string, error: unknown) => void;
}

const PULL_EXPIRES_MS = 5_000;
const RETRY_MS = 250;
/** A server that is away cannot be handed anything back. */
const LAST_PULLS_MS = 1_000;
const NOTED_POLL_MS = 10;

/** A message in a handler's hands. */
class Held extends Linked {
  readonly since = Date.now();
  parked = false;
  readonly message: BusMessage;

  constructor(
    readonly raw: JsMsg,
    redelivered: boolean,
  ) {
    super();
    this.message = new BusMessage(raw, redelivered);
  }
}

export class Consumer {
  private readonly held = new InHand<Held>();
  private readonly pulls = new Map<ConsumerMessages, PromiseWithResolvers<void>>();
  /** Handed back and not come again, by their place in the stream. */
  private readonly handedBack = new Set<number>();
  private asked = 0;
  private parked = 0;
  private received = 0;
  private handedOutBefore = 0;
  private seen = 0;
  private still = false;
  private draining = false;
  private source: PullConsumer | undefined;
  private lifeSigns: NodeJS.Timeout | undefined;
  private whenIdle: (() => void) | undefined;

  constructor(
    private readonly wires: Wires,
    private readonly options: ConsumerOptions,
  ) {}

  /** Messages that are held now. */
  get inFlight(): number {
    return this.held.size;
  }

  /**
   * @param afresh whether whoever pulled from it before is gone: what that one held is handed out again at
   *   once, and not after the ack wait; it counts as redelivered
   */
  async start({ afresh = false } = {}): Promise<void> {
    const { plan } = this.options;
    if (afresh) await this.takeOver();
    await ensureConsumer(this.wires.manager, plan);
    this.source = await this.wires.jetstream.consumers.get(plan.stream, plan.durable);
    if (this.draining) return;
    const every = plan.ackWaitMs / 3;
    this.lifeSigns = setInterval(() => this.showLife(every), every);
    this.pullMore();
  }

  /** Asks for nothing more until `goOn`; resolves when nothing is on its way any more. */
  async beStill(): Promise<void> {
    this.still = true;
    await this.endPulls();
  }

  /** Pulls as much as there is room for now, for instance because there is more room than before. */
  goOn(): void {
    this.still = false;
    this.pullMore();
  }

  /**
   * How far the server is with handing out; everything that it had is here when nothing is pending and
   * `received` has come up to `delivered`.
   * @throws when NATS cannot be asked
   */
  async position(): Promise<{ pending: number; delivered: number; received: number }> {
    const { stream, durable } = this.options.plan;
    const info = await this.wires.manager.consumers.info(stream, durable);
    return { pending: info.num_pending, delivered: info.delivered.consumer_seq, received: this.received };
  }

  /** Stops pulling; finishes what is held or hands it back when the time is over. */
  async drain(withinMs: number): Promise<void> {
    this.draining = true;
    const lastPulls = this.endPulls();
    if (this.held.size > 0) {
      const idle = new Promise<void>((resolve) => (this.whenIdle = resolve));
      await Promise.race([idle, late(withinMs)]);
    }
    await lastPulls;
    clearInterval(this.lifeSigns);
    for (const { message, raw } of this.held) {
      message.handBack();
      this.settle(raw, again(0));
    }
    this.held.clear();
    this.wires.outbox.flush();
  }

  /**
   * Resolves when the server has taken note of all that was acknowledged, or the time is over. To be awaited
   * before the consumer is deleted: what was acknowledged a moment before would be handed out again.
   */
  async acknowledged(withinMs = 1_000): Promise<void> {
    const { stream, durable } = this.options.plan;
    const until = Date.now() + withinMs;
    this.wires.outbox.flush();
    while (Date.now() < until) {
      const { num_ack_pending: open } = await this.wires.manager.consumers.info(stream, durable);
      if (open <= this.held.size + this.handedBack.size) return;
      await new Promise((resolve) => setTimeout(resolve, NOTED_POLL_MS));
    }
  }

  /** Lets go of everything at once, for a consumer that is about to be deleted. */
  abandon(): void {
    this.draining = true;
    void this.endPulls();
    clearInterval(this.lifeSigns);
    for (const { message } of this.held) message.handBack();
    this.held.clear();
  }

  /** Takes the consumer away, and with it who holds what; up to where it had handed out stays known here. */
  private async takeOver(): Promise<void> {
    const { consumers } = this.wires.manager;
    const { stream, durable } = this.options.plan;
    const info = await consumers.info(stream, durable).catch(() => undefined);
    if (!info) return;
    this.handedOutBefore = info.delivered.stream_seq;
    await consumers.delete(stream, durable).catch(() => false);
  }

  private async endPulls(): Promise<void> {
    const pulls = [...this.pulls];
    for (const [pull] of pulls) endPull(pull);
    await Promise.race([Promise.all(pulls.map(([, { promise }]) => promise)), late(LAST_PULLS_MS)]);
  }

  /** Asks for as many as there is room for, in portions worth a request. */
  private pullMore(): void {
    if (this.draining || this.still) return;
    const { capacity: given } = this.options;
    const capacity = typeof given === 'number' ? given : given();
    const room = capacity - (this.held.size - this.parked) - this.asked;
    if (room < Math.max(1, capacity / 2)) return;
    this.asked += room;
    void this.pull(room);
  }

  private async pull(count: number): Promise<void> {
    let open = count;
    const ended = Promise.withResolvers<void>();
    let messages: ConsumerMessages | undefined;
    try {
      messages = await this.source?.fetch({
        max_messages: count,
        expires: PULL_EXPIRES_MS,
        bind: true,
      });
      if (!messages) return;
      this.pulls.set(messages, ended);
      if (this.draining || this.still) endPull(messages);
      for await (const message of messages) {
        open--;
        this.asked--;
        this.received++;
        this.handedBack.delete(message.seq);
        if (this.draining) this.settle(message, again(0));
        else void this.take(message);
      }
    } catch (error) {
      if (!this.draining) {
        this.options.report('pulling failed', error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        await this.repair();
      }
    } finally {
      if (messages) this.pulls.delete(messages);
      ended.resolve();
      this.asked -= open;
      this.pullMore();
    }
  }

  private async take(message: JsMsg): Promise<void> {
    this.seen = Math.max(this.seen, message.seq);
    const redelivered = message.redelivered || message.seq <= this.handedOutBefore;
    const held = new Held(message, redelivered);
    held.message.onParked(() => this.park(held));
    this.held.add(held);
    let outcome: Outcome;
    try {
      outcome = await this.options.handle(held.message);
    } catch (error) {
      this.options.report('a handler threw', error);
      outcome = again();
    }
    // Handed back by drain in the meantime: it is someone else's now.
    if (!this.held.delete(held)) return;
    if (held.parked) this.parked--;
    this.settle(message, outcome);
    if (this.held.size === 0) this.whenIdle?.();
    this.pullMore();
  }

  private park(held: Held): void {
    if (held.parked) return;
    held.parked = true;
    this.parked++;
    this.pullMore();
  }

  private settle(message: JsMsg, outcome: Outcome): void {
    if (outcome.kind === 'again') this.handedBack.add(message.seq);
    this.wires.outbox.push(() => {
      try {
        settle(message, outcome);
      } catch (error) {
        // The connection was closed: the message is handed out again after its ack wait.
        this.options.report('a message could not be settled', error);
      }
    });
  }

  private showLife(olderThanMs: number): void {
    const before = Date.now() - olderThanMs;
    for (const { raw, since } of this.held) if (since <= before) raw.working();
  }

  /** The stream or the consumer may be gone with the server's store; make the consumer again. */
  private async repair(): Promise<void> {
    // A consumer that is made again no longer knows what it had handed out.
    this.handedOutBefore = Math.max(this.handedOutBefore, this.seen);
    try {
      await ensureConsumer(this.wires.manager, this.options.plan);
    } catch (error) {
      this.options.report('the consumer could not be made again', error);
    }
  }
}

/**
 * Ends a pull after what the server has sent already has come in. The client's
 * own `stop` drops what is on its way, and the server would keep that for us
 * until its ack wait is over (consumer.int.spec.ts: "in the middle of a flood").
 */
function endPull(messages: ConsumerMessages): void {
  const { sub } = messages as ConsumerMessages & { sub?: Subscription };
  if (sub) sub.drain().catch(() => messages.stop());
  else messages.stop();
}

function late(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
