import {
  EventPattern,
  Server,
  type CustomTransportStrategy,
  type MessageHandler,
} from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Bus } from './bus.js';
import type { Consumer } from './consumer.js';
import type { BusMessage } from './message.js';
import { done, type Outcome } from './outcome.js';
import type { ConsumerPlan } from './topology.js';

interface Consumption {
  plan: ConsumerPlan;
  /** Messages that this process holds at once, unless the strategy is told otherwise. */
  capacity: number;
}

type BusHandler = MessageHandler<BusMessage, unknown, Outcome>;

/**
 * Marks a controller's method as the handler of a durable consumer. It is
 * given a BusMessage and answers with an Outcome; what it throws is handed out
 * again.
 */
export const Consume = (consumption: Consumption) =>
  EventPattern(consumption.plan.durable, { ...consumption }) as MethodDecorator;

export interface StrategyOptions {
  bus: Bus;
  report: (problem: string, error: unknown) => void;
  /** How long `close` lets messages finish before it hands them back, milliseconds. */
  drainMs: number;
  /** Capacities that are configured, by the consumer's durable name. */
  capacities?: Record<string, number>;
}

/** Nest's transport over JetStream: one durable pull consumer for each handler. */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  private readonly consumers: Consumer[] = [];

  constructor(private readonly options: StrategyOptions) {
    super();
  }

  listen(started: (error?: unknown) => void): void {
    const handlers = [...this.messageHandlers.values()] as BusHandler[];
    const starting = handlers.map((handler) => this.consume(handler));
    Promise.all(starting).then(() => started(), started);
  }

  async close(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.drain(this.options.drainMs)));
  }

  /** Messages that handlers hold now. */
  get inFlight(): number {
    return this.consumers.reduce((sum, consumer) => sum + consumer.inFlight, 0);
  }

  on(): never {
    throw new Error('The JetStream transport has no events of its own; see the health checks.');
  }

  unwrap<T>(): T {
    return this.options.bus as T;
  }

  private async consume(handler: BusHandler): Promise<void> {
    const { plan, capacity } = handler.extras as Consumption;
    const { bus, report, capacities } = this.options;
    const consumer = bus.consumer({
      plan,
      capacity: capacities?.[plan.durable] ?? capacity,
      report,
      handle: (message) => outcomeOf(handler, message),
    });
    this.consumers.push(consumer);
    await consumer.start();
  }
}

/** Nest answers with a value or, when an exception passed its filters, with an observable that fails. */
async function outcomeOf(
  handler: MessageHandler<BusMessage, unknown, Outcome>,
  message: BusMessage,
): Promise<Outcome> {
  const answer: unknown = await handler(message, undefined);
  if (!isObservable(answer)) return (answer as Outcome | undefined) ?? done;
  return (await lastValueFrom(answer, { defaultValue: done })) as Outcome;
}
