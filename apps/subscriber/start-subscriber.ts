import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  Bus,
  EventCatalogues,
  JetStreamStrategy,
  KnownTenants,
  SOURCE_PREFIX,
  type BusAccess,
  type JournalWriter,
  type TopologySettings,
} from '#bus';
import { RoutingTable, type EventSource } from '#domain';
import {
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
import { createDatabase, type DataSource } from '#persistence';
import { MailSender, type MailSettings } from './mail/mail-sender.js';
import { Announcer } from './operational-events/announcer.js';
import { AutoDisable } from './policies/auto-disable.js';
import { recordedUpTo } from './policies/recorded-up-to.js';
import { GroupCommit } from './projections/group-commit.js';
import { Reconciler } from './reconciler/reconciler.js';
import { RetentionSweep } from './retention/retention-sweep.js';
import { Router } from './routing/router.js';
import { SourceReaders } from './sources/source-readers.js';
import { TallyFolder } from './statistics/tally-folder.js';
import { SubscriberModule } from './subscriber.module.js';

export interface SubscriberOptions {
  natsUrl: string;
  /** Files that say who we are to NATS, where the URL does not. */
  natsAccess?: BusAccess;
  databaseUrl: string;
  topology: TopologySettings;
  /** Streams of the user's own that are read beside EVENTS. */
  sources?: readonly EventSource[];
  /** Where health and metrics are served. */
  host: string;
  port: number;
  /** How e-mail goes to tenants' contacts; none does unless said otherwise. */
  mail?: MailSettings | undefined;
  /** Where spans go; nowhere unless said otherwise. */
  tracing?: TracingSettings | undefined;
  logger: Logger;
}

/** Together below the ten seconds that a stop may take. */
const DRAIN_MS = 6_000;
const JOURNAL_CLOSE_MS = 2_000;
const DATABASE_RETRY_MS = 1_000;

/** Starts routing and projecting; resolves when the routing table is complete and events are being read. */
export async function startSubscriber(options: SubscriberOptions): Promise<RunningApp> {
  const { logger } = options;
  const bus = await Bus.open(
    { url: options.natsUrl, access: options.natsAccess, name: 'tidings-subscriber' },
    options.topology,
  );
  logConnection(bus, logger);
  const database = createDatabase(options.databaseUrl, {
    name: 'tidings-subscriber',
    onIdleError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  const connecting = connectWhenThere(database, logger);
  const table = new RoutingTable();
  const stopWatching = await bus.webhooks.watch({
    changed: (webhook) => table.put(webhook),
    removed: (tenant, id) => table.remove(tenant, id),
  });
  const catalogues = await EventCatalogues.watch(bus);
  const tenants = await KnownTenants.watch(bus.tenants);
  bus.following.begin();
  const registry = createRegistry('subscriber');
  const journal: JournalWriter = bus.journal(
    'subscriber',
    journalMetrics(registry, () => [journal]),
  );
  const tracing = await startTracing(options.tracing, 'subscriber', logger);
  const report = reportTo(logger);
  const app = await NestFactory.create<NestFastifyApplication>(
    SubscriberModule.of({
      ...{
        bus,
        database,
        journal,
        table,
        catalogues,
        tenants,
        mail: options.mail,
        tracing,
        registry,
        logger,
      },
      sourceConsumers: (options.sources ?? []).map(({ name, stream }) => ({
        stream,
        consumer: SOURCE_PREFIX + name,
      })),
      recordedUpTo: () => recordedUpTo(bus, options.sources ?? []),
    }),
    new FastifyAdapter(OPS_LIMITS),
    { logger: nestLogger(logger) },
  );
  const strategy = new JetStreamStrategy({ bus, report, drainMs: DRAIN_MS });
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  let sources: SourceReaders | undefined;
  const stop = async () => {
    stopWatching();
    const policies = Promise.all([app.get(AutoDisable).stop(), app.get(TallyFolder).stop()]);
    connecting.abandon();
    const reconciled = Promise.race([app.get(Reconciler).stop(), late(DRAIN_MS)]);
    const announced = Promise.race([app.get(Announcer).stop(), late(DRAIN_MS)]);
    const mailed = Promise.race([app.get<MailSender | null>(MailSender)?.stop(), late(DRAIN_MS)]);
    const swept = Promise.race([app.get(RetentionSweep).stop(), late(DRAIN_MS)]);
    await Promise.all([strategy.close(), sources?.drain(DRAIN_MS), reconciled, announced, mailed, swept]);
    app.get(GroupCommit).close();
    await policies;
    await Promise.all([journal.close(JOURNAL_CLOSE_MS), tracing?.close(JOURNAL_CLOSE_MS)]);
    await app.close();
    await bus.close();
    if (database.isInitialized) await database.destroy();
  };
  try {
    sources = await SourceReaders.start(bus, options.sources ?? [], app.get(Router), report);
  } catch (error) {
    await stop();
    throw error;
  }
  app.get(Reconciler).start();
  app.get(RetentionSweep).start();
  await app.listen(options.port, options.host);
  app.get(AutoDisable).start();
  app.get(TallyFolder).start();
  app.get(Announcer).start();
  app.get<MailSender | null>(MailSender)?.start();
  logger.info({ webhooks: table.size, sources: options.sources?.length ?? 0 }, 'routing');
  return { url: await app.getUrl(), stop };
}

/** Routing needs no database; projections wait for it, however long it is away. */
function connectWhenThere(database: DataSource, logger: Logger): { abandon: () => void } {
  let abandoned = false;
  const report = reportTo(logger);
  const connect = async () => {
    while (!abandoned && !database.isInitialized) {
      try {
        await database.initialize();
      } catch (error) {
        report('the database is away; the record waits', error);
        await new Promise((resolve) => setTimeout(resolve, DATABASE_RETRY_MS));
      }
    }
  };
  void connect();
  return { abandon: () => (abandoned = true) };
}

function late(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
