import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  Bus,
  JetStreamStrategy,
  partitionOf,
  TenantLimits,
  type BusAccess,
  type JournalWriter,
  type TopologySettings,
} from '#bus';
import { VERSION } from '#config';
import { newId } from '#domain';
import { EgressClient, type EgressPolicy } from '#egress';
import {
  busMetrics,
  createRegistry,
  journalMetrics,
  logConnection,
  nestLogger,
  OPS_LIMITS,
  reportTo,
  startTracing,
  type Logger,
  type RunningApp,
  type TracingSettings,
} from '#observability';
import { SandboxPool, type SandboxSettings } from '#payload';
import type { Keyring } from '#signing';
import { Attempter } from './attempts/attempter.js';
import { withAttemptLog } from './attempts/attempt-log.js';
import { RequestMaker } from './attempts/request-maker.js';
import { Courier } from './attempts/courier.js';
import { Dispatcher } from './attempts/dispatcher.js';
import { Front } from './front/front.js';
import { OwedCanceller } from './cancelling/owed-canceller.js';
import { dispatcherMetrics } from './dispatcher-metrics.js';
import { DispatcherModule } from './dispatcher.module.js';
import { egressMetrics } from './egress-metrics.js';
import { breakerLog } from './lanes/breaker-log.js';
import { LaneKeeper } from './lanes/lane-keeper.js';
import { Homes } from './partitions/homes.js';
import { transformMetrics } from './transform-metrics.js';
import { AskReceiver } from './trials/ask-receiver.js';
import { ShowRequest } from './trials/show-request.js';
import { Trials } from './trials/trials.js';
import { WebhookDirectory } from './webhooks/webhook-directory.js';

export interface DispatcherOptions {
  natsUrl: string;
  /** Files that say who we are to NATS, where the URL does not. */
  natsAccess?: BusAccess;
  topology: TopologySettings;
  egress: EgressPolicy;
  keyring: Keyring;
  /** Where tenants' transforms run. */
  transforms: SandboxSettings;
  /** By what name receivers know this installation. */
  origin?: string;
  /** Attempts at once, those apart that take longer than a second. */
  concurrency: number;
  /** For how long a delivery may be owed. */
  maxDeliveryAgeHours: number;
  /** Where health and metrics are served. */
  host: string;
  port: number;
  /** Where spans go; nowhere unless said otherwise. */
  tracing?: TracingSettings | undefined;
  logger: Logger;
}

/** Together below the ten seconds that a stop may take. */
const DRAIN_MS = 6_500;
const JOURNAL_CLOSE_MS = 2_000;
const HOUR_MS = 3_600_000;

/**
 * Starts delivering; resolves when all webhooks are known and deliveries are being taken.
 * @throws KeyringError in one sentence when an encryption key is missing or wrong
 */
export async function startDispatcher(options: DispatcherOptions): Promise<RunningApp> {
  const { logger, concurrency } = options;
  const report = reportTo(logger);
  const bus = await Bus.open(
    { url: options.natsUrl, access: options.natsAccess, name: 'tidings-dispatcher' },
    options.topology,
  );
  logConnection(bus, logger);
  await bus.retire('dispatch');
  const registry = createRegistry('dispatcher');
  busMetrics(registry, bus);
  const client = new EgressClient(options.egress, Front.mostUnderWay(concurrency));
  egressMetrics(registry, client);
  const journaled = journalMetrics(registry, () => [journal, webhookJournal]);
  const journal: JournalWriter = bus.journal('dispatcher', journaled);
  const webhookJournal: JournalWriter = bus.journal('webhooks', journaled);
  const front = new Front(concurrency);
  const webhooks = new WebhookDirectory(bus.webhooks, options.keyring, report);
  const limits = await TenantLimits.watch(bus.tenants);
  const canceller = new OwedCanceller({
    owed: bus.owed,
    journal,
    isOver: (id) => (webhooks.known(id)?.webhook.status ?? 'disabled') === 'disabled',
    report,
  });
  const lanes = new LaneKeeper({
    bus,
    front,
    allowances: bus.allowances,
    breakers: bus.breakers,
    journal: webhookJournal,
    hourlyLimit: (tenant) => limits.of(tenant),
    isHome: (partition) => homes.holds(partition),
    find: (id) => webhooks.known(id),
    cancelAll: (webhook, reason) => canceller.cancelAll(webhook, reason),
    report,
    breakerTurned: breakerLog(logger, (turn) => metrics.breakerTurned(turn)),
  });
  await bus.breakers.watch();
  await bus.cancellations.watch((webhook) => lanes.cancelled(webhook));
  const strategy = new JetStreamStrategy({ bus, report, drainMs: DRAIN_MS });
  const homes = new Homes(
    bus.homes,
    newId('key'),
    {
      acquired: async (partition, from) => {
        lanes.forgetPartition(partition);
        await strategy.takePartition(partition, from === 'dead');
        lanes.arrived(partition);
      },
      released: async (partition) => {
        await Promise.all([strategy.leavePartition(partition, DRAIN_MS), lanes.leave(partition, DRAIN_MS)]);
        lanes.forgetPartition(partition);
      },
      lost: (partitions) => {
        for (const partition of partitions) {
          void Promise.all([strategy.leavePartition(partition, 0), lanes.leave(partition, 0)]);
          lanes.forgetPartition(partition);
        }
      },
    },
    report,
  );
  await webhooks
    .watch(
      (webhook) => lanes.changed(webhook),
      (tenant, id) => lanes.removed(tenant, id),
    )
    .catch(async (error: unknown) => {
      await bus.close();
      throw error;
    });
  bus.following.begin();
  const metrics = dispatcherMetrics(registry, {
    webhooks: () => webhooks.size,
    inFlight: () => strategy.inFlight,
    partitions: () => homes.size,
    lanes: () => lanes.counts,
    breakers: () => bus.breakers.count((webhook) => homes.holds(partitionOf(webhook))),
    attempts: () => front.counts,
  });
  const sandbox: SandboxPool = new SandboxPool(
    options.transforms,
    transformMetrics(registry, () => sandbox),
  );
  const maker = new RequestMaker(`Tidings/${VERSION}`, sandbox);
  const tracing = await startTracing(options.tracing, 'dispatcher', logger);
  const attempter = new Attempter(client, maker, tracing);
  const courier = new Courier({
    webhooks,
    attempter,
    deliveries: bus.deliveries,
    events: bus.events,
    cancellations: bus.cancellations,
    journal,
    webhookJournal,
    count: withAttemptLog(metrics, logger),
    maxAgeMs: options.maxDeliveryAgeHours * HOUR_MS,
  });
  const dispatcher = new Dispatcher(
    courier,
    lanes,
    journal,
    (partition) => homes.holds(partition),
    metrics,
    front,
  );
  const app = await NestFactory.create<NestFastifyApplication>(
    DispatcherModule.of({ dispatcher, ops: ['dispatcher', { nats: () => bus.ping() }, registry] }),
    new FastifyAdapter(OPS_LIMITS),
    { logger: nestLogger(logger) },
  );
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  await app.listen(options.port, options.host);
  lanes.start(dispatcher.carryOut);
  await homes.start();
  await lanes.look();
  const trials = new Trials(webhooks, attempter, journal);
  const stopTrials = bus.testAttempts.serve((owed, data) => trials.make(owed, data));
  const asking = new AskReceiver({
    ...{ webhooks: bus.webhooks, keyring: options.keyring, client, attempter, report },
    ...{ origin: options.origin ?? 'tidings', userAgent: `Tidings/${VERSION}` },
  });
  const stopAsking = bus.ownershipChecks.serve(asking.ask);
  const showing = new ShowRequest({ webhooks, maker, keyring: options.keyring });
  const stopShowing = bus.previews.serve(showing.show);
  logger.info({ webhooks: webhooks.size }, 'delivering');
  return {
    url: await app.getUrl(),
    stop: async () => {
      await Promise.all([stopTrials(), stopAsking(), stopShowing(), homes.stop()]);
      await Promise.all([lanes.stop(0), strategy.close(), canceller.close()]);
      await Promise.all([
        journal.close(JOURNAL_CLOSE_MS),
        webhookJournal.close(JOURNAL_CLOSE_MS),
        tracing?.close(JOURNAL_CLOSE_MS),
      ]);
      webhooks.close();
      bus.cancellations.close();
      bus.breakers.close();
      front.close();
      sandbox.close();
      await app.close();
      await bus.close();
      await client.close();
    },
  };
}
