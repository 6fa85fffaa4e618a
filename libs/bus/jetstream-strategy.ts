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

interface PartitionedConsumption {
  /** What the consumers are called together. */
  name: string;
  partitioned: (partition: number) => ConsumerPlan;
  /** Messages that this process holds at once, of each partition. */
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

/** The same for a consumer in each partition; those that are taken (`takePartition`) are pulled from. */
export const ConsumePartitions = (consumption: PartitionedConsumption) =>
  EventPattern(consumption.name, { ...consumption }) as MethodDecorator;

export interface StrategyOptions {
  bus: Bus;
  report: (problem: string, error: unknown) => void;
  /** How long `close` lets messages finish before it hands them back, milliseconds. */
  drainMs: number;
}

/** Nest's transport over JetStream: one durable pull consumer for each handler. */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  private readonly consumers: Consumer[] = [];
  private readonly partitions = new Map<number, Consumer[]>();

  constructor(private readonly options: StrategyOptions) {
    super();
  }

  listen(started: (error?: unknown) => void): void {
    const starting = this.handlers()
      .filter((handler) => !isPartitioned(handler))
      .map((handler) => this.consume(handler));
    Promise.all(starting).then(() => started(), started);
  }

  /**
   * Begins to pull from a partition.
   * @param afresh whether what others hold of it is to be handed out again at once, for they are gone
   * @throws when NATS cannot be asked; nothing is pulled then
   */
  async takePartition(partition: number, afresh: boolean): Promise<void> {
    const taken = this.handlers()
      .filter(isPartitioned)
      .map((handler) => {
        const { partitioned, capacity } = handler.extras as PartitionedConsumption;
        return this.consumer(handler, partitioned(partition), capacity);
      });
    // Before they have started, for it may have to be left meanwhile.
    this.partitions.set(partition, taken);
    try {
      await Promise.all(taken.map((consumer) => consumer.start({ afresh })));
    } catch (error) {
      await this.leavePartition(partition, 0);
      throw error;
    }
  }

  /** Ends that; what is held of it may finish until the time is over, and is handed back then. */
  async leavePartition(partition: number, withinMs: number): Promise<void> {
    const left = this.partitions.get(partition) ?? [];
    this.partitions.delete(partition);
    await Promise.all(left.map((consumer) => consumer.drain(withinMs)));
  }

  async close(): Promise<void> {
    const { drainMs } = this.options;
    await Promise.all([
      ...this.consumers.map((consumer) => consumer.drain(drainMs)),
      ...[...this.partitions.keys()].map((partition) => this.leavePartition(partition, drainMs)),
    ]);
  }

  /** Messages that handlers hold now. */
  get inFlight(): number {
    const all = [...this.consumers, ...[...this.partitions.values()].flat()];
    return all.reduce((sum, consumer) => sum + consumer.inFlight, 0);
  }

  on(): never {
    throw new Error('The JetStream transport has no events of its own; see the health checks.');
  }

  unwrap<T>(): T {
    return this.options.bus as T;
  }

  private handlers(): BusHandler[] {
    return [...this.messageHandlers.values()] as BusHandler[];
  }

  private async consume(handler: BusHandler): Promise<void> {
    const { plan, capacity } = handler.extras as Consumption;
    const consumer = this.consumer(handler, plan, capacity);
    this.consumers.push(consumer);
    await consumer.start();
  }

  private consumer(handler: BusHandler, plan: ConsumerPlan, capacity: number): Consumer {
    const { bus, report } = this.options;
    return bus.consumer({ plan, capacity, report, handle: (message) => outcomeOf(handler, message) });
  }
}

function isPartitioned(handler: BusHandler): boolean {
  return handler.extras !== undefined && 'partitioned' in handler.extras;
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
