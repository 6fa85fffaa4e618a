import {
  OPERATIONAL_MARK,
  operationalBody,
  traceHeaders,
  type OperationalEvent,
  type TenantId,
  type TraceContext,
} from '#domain';
import { AllowanceStore } from './allowance-store.js';
import { BreakerStore } from './breaker-store.js';
import {
  openBuckets,
  type Buckets,
  type EventTypeBucket,
  type TenantBucket,
  type WebhookBucket,
} from './buckets/buckets.js';
import { Cancellations } from './cancellations.js';
import { openWires, type BusOptions, type Wires } from './connection.js';
import { ConnectionWatch } from './connection-watch.js';
import { Consumer, type ConsumerOptions } from './consumer.js';
import { DeliveryQueue } from './delivery-queue.js';
import { EventStore } from './event-store.js';
import { Followers } from './buckets/followers.js';
import { Following } from './buckets/following.js';
import { PartitionHomes } from './homes/partition-homes.js';
import { JournalFollower } from './journal-follower.js';
import { JournalWriter, type JournalObserver } from './journal-writer.js';
import { Lanes } from './lanes.js';
import { OwedOfWebhook } from './owed-of-webhook.js';
import { Publisher, type Stored } from './publisher.js';
import { QueueLook } from './queue-look.js';
import { Requeue } from './requeue.js';
import { readAll, readUpTo } from './read-up-to.js';
import { RoutingFloors } from './routing-floors.js';
import { lookAtStreams, type BusFigures, type WatchedConsumer } from './stream-look.js';
import { DELIVERIES, eventSubject } from './subjects.js';
import { OwnershipChecks } from './ownership-checks.js';
import { Previews } from './previews.js';
import { TestAttempts } from './test-attempts.js';
import { ensureStreams, hasStream, type StreamAges, type TopologySettings } from './topology.js';
import { untilItWorks } from './until-it-works.js';

const CLOSE_WITHIN_MS = 1_000;

/** All that an app does with NATS goes through here. */
export class Bus {
  readonly allowances: AllowanceStore;
  readonly deliveries: DeliveryQueue;
  readonly events: EventStore;
  readonly homes: PartitionHomes;
  readonly lanes: Lanes;
  readonly owed: OwedOfWebhook;
  readonly requeue: Requeue;
  readonly testAttempts: TestAttempts;
  readonly ownershipChecks: OwnershipChecks;
  readonly previews: Previews;
  readonly routingFloors: RoutingFloors;
  readonly webhooks: WebhookBucket;
  readonly tenants: TenantBucket;
  readonly eventTypes: EventTypeBucket;
  readonly following: Following;
  readonly followers: Followers;
  readonly connection: ConnectionWatch;

  private readonly returned: (() => void)[] = [];
  private ages: StreamAges | undefined;

  private constructor(
    private readonly wires: Wires,
    private readonly publisher: Publisher,
    buckets: Buckets,
    readonly cancellations: Cancellations,
    readonly breakers: BreakerStore,
    private readonly topology: TopologySettings,
  ) {
    this.allowances = new AllowanceStore(wires);
    this.lanes = new Lanes(wires);
    this.owed = new OwedOfWebhook(wires);
    this.deliveries = new DeliveryQueue(wires, publisher, this.lanes);
    this.events = new EventStore(wires);
    this.homes = new PartitionHomes(wires);
    this.routingFloors = new RoutingFloors(wires);
    this.requeue = new Requeue(wires, publisher, this.events, cancellations);
    this.testAttempts = new TestAttempts(wires);
    this.ownershipChecks = new OwnershipChecks(wires);
    this.previews = new Previews(wires);
    this.webhooks = buckets.webhooks;
    this.tenants = buckets.tenants;
    this.eventTypes = buckets.eventTypes;
    this.following = new Following(wires, buckets);
    this.followers = new Followers(wires);
    this.connection = new ConnectionWatch(wires.connection);
  }

  /**
   * Connects, and makes the streams and the buckets where they are missing.
   * @throws BusUnreachableError when NATS cannot be reached in time
   */
  static async open(options: BusOptions, topology: TopologySettings): Promise<Bus> {
    const wires = await openWires({ ...options, replicas: topology.replicas });
    await ensureStreams(wires.manager, topology);
    const [buckets, cancellations, breakers] = await Promise.all([
      openBuckets(wires),
      Cancellations.open(wires),
      BreakerStore.open(wires),
    ]);
    const publisher = new Publisher(wires.connection, wires.outbox, wires.inboxPrefix);
    const bus = new Bus(wires, publisher, buckets, cancellations, breakers, topology);
    void bus.makeAgainAfterReconnects();
    return bus;
  }

  /** @param told when NATS is there again, with all streams and buckets, after it was away: it may have lost what they held */
  onReturn(told: () => void): void {
    this.returned.push(told);
  }

  /** Makes the streams and the buckets again where they are missing: NATS may have lost its storage. */
  async ensureTopology(): Promise<void> {
    await ensureStreams(this.wires.manager, this.topology, this.ages);
    await Promise.all([
      openBuckets(this.wires),
      Cancellations.open(this.wires),
      BreakerStore.open(this.wires),
    ]);
  }

  /**
   * Says for how long EVENTS and JOURNAL are to keep what they hold, where no setting does; from now on, and
   * whenever they are made again. For who knows the tenants: nobody else changes what a stream keeps.
   * @throws what JetStream says
   */
  async keepStreams(ages: StreamAges): Promise<void> {
    this.ages = ages;
    await ensureStreams(this.wires.manager, this.topology, ages);
  }

  /**
   * Publishes an event.
   * @param event.body the message as it shall lie in EVENTS, any of the accepted shapes
   * @param event.dedupId publishing the same again within the stream's window is stored once
   * @param event.trace the trace that it belongs to, for the message's headers
   * @throws PublishError when JetStream did not take it
   */
  publishEvent(event: {
    tenant: TenantId;
    type: string;
    body: Uint8Array | string;
    dedupId: string;
    trace?: TraceContext | undefined;
  }): Promise<Stored> {
    const { dedupId, trace } = event;
    const options = trace ? { dedupId, headers: traceHeaders(trace) } : { dedupId };
    return this.publisher.publish(eventSubject(event.tenant, event.type), event.body, options);
  }

  /** @param name of who follows JOURNAL */
  journalFollower(name: string): JournalFollower {
    return new JournalFollower(this.wires, name);
  }

  /**
   * Publishes an event of Tidings' own; the same again within the stream's window is stored once.
   * @throws PublishError when JetStream did not take it
   */
  publishOperational(event: OperationalEvent): Promise<Stored> {
    const { tenant, id, type } = event;
    const headers = { [OPERATIONAL_MARK.header]: OPERATIONAL_MARK.value };
    const options = { dedupId: `${tenant}/${id}`, headers };
    return this.publisher.publish(eventSubject(tenant, type), operationalBody(event), options);
  }

  consumer(options: ConsumerOptions): Consumer {
    return new Consumer(this.wires, options);
  }

  /** Takes a durable consumer of DELIVERIES away that earlier versions had. */
  async retire(durable: string): Promise<void> {
    await this.wires.manager.consumers.delete(DELIVERIES, durable).catch(() => false);
  }

  /** Whether there is a stream of this name, ours or another. */
  hasStream(name: string): Promise<boolean> {
    return hasStream(this.wires.manager, name);
  }

  /**
   * Up to when a durable consumer has acknowledged all that its stream holds, milliseconds since 1970; now
   * when nothing waits.
   * @throws when NATS cannot be asked, or has no such consumer
   */
  readUpTo(stream: string, durable: string): Promise<number> {
    return readUpTo(this.wires, stream, durable);
  }

  /**
   * Waits until a durable consumer has acknowledged all that its stream holds now.
   * @returns whether it has, within the time
   * @throws when NATS cannot be asked, or has no such consumer
   */
  readAll(stream: string, durable: string, withinMs: number): Promise<boolean> {
    return readAll(this.wires, stream, durable, withinMs);
  }

  /**
   * @param source the writer's name, one subject token
   * @param observer told of what is written
   */
  journal(source: string, observer?: JournalObserver): JournalWriter {
    return new JournalWriter(this.publisher, source, observer);
  }

  /** Messages that were published and not acknowledged yet. */
  get unacknowledged(): number {
    return this.publisher.unacknowledged;
  }

  /**
   * Looks at the streams and at who reads them, with some ten requests; not to be asked for each of many.
   * @param further consumers besides those that all subscribers share
   * @throws when NATS cannot be asked
   */
  figures(further?: readonly WatchedConsumer[]): Promise<BusFigures> {
    return lookAtStreams(this.wires, further);
  }

  /** Begins to look for deliveries that may be missing in the queue. */
  lookIntoQueue(): QueueLook {
    return new QueueLook(this.wires);
  }

  /**
   * Asks the server for a sign of life.
   * @throws when none came within the time
   */
  async ping(withinMs = 2_000): Promise<void> {
    const late = new Promise<never>((_resolve, reject) => {
      setTimeout(() => reject(new Error(`NATS gave no answer within ${withinMs} ms`)), withinMs).unref();
    });
    await Promise.race([this.wires.connection.flush(), late]);
  }

  /** Sends what is still to be sent, then closes. A server that is away cannot keep us from closing. */
  async close(): Promise<void> {
    this.connection.end();
    this.following.end();
    this.wires.outbox.flush();
    this.publisher.close();
    const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_WITHIN_MS).unref());
    const drained = this.wires.connection.drain().catch(() => undefined);
    await Promise.race([drained, late]);
    await this.wires.connection.close();
  }

  /** Whoever notices first that NATS lost its storage: nothing moves until the streams are there. */
  private async makeAgainAfterReconnects(): Promise<void> {
    const { connection } = this.wires;
    for await (const { type } of connection.status()) {
      if (type !== 'reconnect') continue;
      await untilItWorks(
        () => this.ensureTopology(),
        () => connection.isClosed(),
      );
      if (!connection.isClosed()) for (const told of this.returned) told();
    }
  }
}
