import type { Consumer as PullConsumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import type { Subscription } from '@nats-io/transport-node';
import type { Wires } from './connection.js';
import { BusMessage } from './message.js';
import { again, settle, type Outcome } from './outcome.js';
import { ensureConsumer, type ConsumerPlan } from './topology.js';

/**
 * A consumer pulls, hands each message to its handler, and settles it by the
 * outcome.
 *
 *   opening --> pulling --> draining --> closed
 *
 * - pulling: at most `capacity` messages are held or asked for. A message that
 *   is held shows a sign of life every third of its ack wait, so that a slow
 *   handler keeps it and a dead process loses it.
 * - draining: nothing more is asked for, and what is still on its way is handed
 *   back; what is held may finish until the deadline, then it is handed back too.
 */
export interface ConsumerOptions {
  plan: ConsumerPlan;
  /** Messages that this process holds at once. */
  capacity: number;
  handle: (message: BusMessage) => Promise<Outcome>;
  /** Told of what went wrong without a handler being at fault, and of handlers that threw. */
  report: (problem: string, error: unknown) => void;
}

const PULL_EXPIRES_MS = 5_000;
const RETRY_MS = 250;
/** A server that is away cannot be handed anything back. */
const LAST_PULLS_MS = 1_000;

export class Consumer {
  private readonly held = new Map<JsMsg, number>();
  private readonly pulls = new Map<ConsumerMessages, PromiseWithResolvers<void>>();
  private asked = 0;
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

  async start(): Promise<void> {
    const { plan } = this.options;
    await ensureConsumer(this.wires.manager, plan);
    this.source = await this.wires.jetstream.consumers.get(plan.stream, plan.durable);
    const every = plan.ackWaitMs / 3;
    this.lifeSigns = setInterval(() => this.showLife(every), every);
    this.pullMore();
  }

  /** Stops pulling; finishes what is held or hands it back when the time is over. */
  async drain(withinMs: number): Promise<void> {
    this.draining = true;
    for (const pull of this.pulls.keys()) endPull(pull);
    const lastPulls = Promise.all([...this.pulls.values()].map(({ promise }) => promise));
    if (this.held.size > 0) {
      const idle = new Promise<void>((resolve) => (this.whenIdle = resolve));
      await Promise.race([idle, late(withinMs)]);
    }
    await Promise.race([lastPulls, late(LAST_PULLS_MS)]);
    clearInterval(this.lifeSigns);
    for (const message of this.held.keys()) this.settle(message, again(0));
    this.held.clear();
    this.wires.outbox.flush();
  }

  /** Asks for as many as there is room for, in portions worth a request. */
  private pullMore(): void {
    const { capacity } = this.options;
    const room = capacity - this.held.size - this.asked;
    if (this.draining || room < Math.max(1, capacity / 2)) return;
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
      if (this.draining) endPull(messages);
      for await (const message of messages) {
        open--;
        this.asked--;
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
    this.held.set(message, Date.now());
    let outcome: Outcome;
    try {
      outcome = await this.options.handle(new BusMessage(message));
    } catch (error) {
      this.options.report('a handler threw', error);
      outcome = again();
    }
    // Handed back by drain in the meantime: it is someone else's now.
    if (!this.held.delete(message)) return;
    this.settle(message, outcome);
    if (this.held.size === 0) this.whenIdle?.();
    this.pullMore();
  }

  private settle(message: JsMsg, outcome: Outcome): void {
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
    for (const [message, since] of this.held) if (since <= before) message.working();
  }

  /** The stream or the consumer may be gone with the server's store; make the consumer again. */
  private async repair(): Promise<void> {
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
