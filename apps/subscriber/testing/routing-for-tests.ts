import {
  Bus,
  decodeOwed,
  DELIVERIES,
  EventCatalogues,
  EVENTS,
  KnownTenants,
  type Consumer,
  type OwedDelivery,
} from '#bus';
import { newId, RoutingTable, type RoutedWebhook } from '#domain';
import {
  readJournal,
  routedTenant,
  routedWebhook,
  startNats,
  TOPOLOGY,
  type JournalReader,
  type TestNats,
} from '#testing';
import { Router } from '../routing/router.js';

/** The router behind its consumer on a real nats-server, what it owes and what it journals. */
export class RoutingForTests {
  readonly table = new RoutingTable();
  readonly owed: { owed: OwedDelivery; data: Buffer }[] = [];
  /** Set to crash between the routing of an event and its acknowledgement. */
  dieOnce = false;
  /** Each test has one of its own: see `newTenant`. */
  tenant = '';
  journal!: JournalReader;
  consumer!: Consumer;
  private deliveries!: Consumer;

  private constructor(
    private readonly nats: TestNats,
    readonly bus: Bus,
  ) {}

  static async start(): Promise<RoutingForTests> {
    const nats = await startNats();
    const bus = await Bus.open({ url: nats.url, name: 'spec' }, TOPOLOGY);
    const routing = new RoutingForTests(nats, bus);
    routing.journal = await readJournal(bus);
    routing.consumer = await routing.route();
    routing.deliveries = await routing.hold();
    return routing;
  }

  async newTenant(): Promise<void> {
    this.tenant = newId('key');
    for (const id of ['default', this.tenant, `${this.tenant}-rival`])
      await this.bus.tenants.put(routedTenant({ id }));
  }

  async stop(): Promise<void> {
    await this.consumer.drain(1_000);
    await this.deliveries.drain(0);
    await this.journal.stop();
    await this.bus.close();
    await this.nats.stop();
  }

  /** A webhook that is in the table; of the test's tenant, unless `change` names another. */
  listens(change: Partial<RoutedWebhook> = {}): RoutedWebhook {
    const webhook = routedWebhook({ tenant: this.tenant, ...change });
    this.table.put(webhook);
    return webhook;
  }

  /** What is owed of an event. */
  ofEvent(event: string) {
    return this.owed.filter((one) => one.owed.event === event);
  }

  acceptedAs(id: string) {
    return this.journal.of('event.accepted').filter((fact) => fact.id === id);
  }

  rejections() {
    return this.journal.of('event.rejected');
  }

  /** @param id for deduplication; the event's, unless its envelope says another */
  publish(body: unknown, id: string, type = 'order.created') {
    return this.bus.publishEvent({
      tenant: this.tenant,
      type,
      body: typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body),
      dedupId: id,
    });
  }

  private async route(): Promise<Consumer> {
    const { bus } = this;
    const router = new Router(
      this.table,
      bus.deliveries,
      bus.journal('subscriber'),
      { accepted: () => undefined, rejected: () => undefined },
      await EventCatalogues.watch(bus),
      await KnownTenants.watch(bus.tenants),
    );
    const consumer = bus.consumer({
      plan: { stream: EVENTS, durable: 'routing', filter: 'events.>', ackWaitMs: 2_000, maxAckPending: 100 },
      capacity: 50,
      handle: async (message) => {
        const outcome = await router.route(message);
        if (!this.dieOnce) return outcome;
        this.dieOnce = false;
        throw new Error('died before the acknowledgement');
      },
      report: () => undefined,
    });
    await consumer.start();
    return consumer;
  }

  /** What is owed stays in the queue while it is looked at. */
  private async hold(): Promise<Consumer> {
    const deliveries = this.bus.consumer({
      plan: {
        stream: DELIVERIES,
        durable: 'dispatch',
        filter: 'deliveries.ready.>',
        ackWaitMs: 30_000,
        maxAckPending: 10_000,
      },
      capacity: 1_000,
      handle: (message) => {
        this.owed.push(decodeOwed(message.payload));
        return new Promise(() => undefined);
      },
      report: () => undefined,
    });
    await deliveries.start();
    return deliveries;
  }
}
