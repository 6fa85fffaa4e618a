import { Module, type DynamicModule } from '@nestjs/common';
import type { Bus, EventCatalogues, JournalWriter, KnownTenants, WatchedConsumer } from '#bus';
import type { DisabledReason, Fact, RoutingTable, TenantId, WebhookId } from '#domain';
import {
  busMetrics,
  databaseMetrics,
  OpsModule,
  readGauge,
  reportTo,
  streamMetrics,
  type Logger,
  type Registry,
  type Tracing,
} from '#observability';
import { isUnwritable, poolFigures, Projection, type DataSource } from '#persistence';
import { mailMetrics } from './mail/mail-metrics.js';
import { MailSender, type MailSettings } from './mail/mail-sender.js';
import { Announcer } from './operational-events/announcer.js';
import { OperationalEventsController } from './operational-events/operational-events.controller.js';
import { OperationalFacts } from './operational-events/operational-facts.js';
import { operationalMetrics } from './operational-events/operational-metrics.js';
import { OperationalNotices } from './operational-events/operational-notices.js';
import { OperationalPublisher } from './operational-events/operational-publisher.js';
import { GroupCommit } from './projections/group-commit.js';
import { ProjectionsController } from './projections/projections.controller.js';
import { Projector } from './projections/projector.js';
import { AutoDisable } from './policies/auto-disable.js';
import { RefusalsController } from './policies/refusals.controller.js';
import { Refusals } from './policies/refusals.js';
import { Reconciler } from './reconciler/reconciler.js';
import { RetentionSweep } from './retention/retention-sweep.js';
import { Router } from './routing/router.js';
import { RoutingController } from './routing/routing.controller.js';
import { TallyFolder } from './statistics/tally-folder.js';
import { subscriberMetrics } from './subscriber-metrics.js';

export interface SubscriberParts {
  bus: Bus;
  database: DataSource;
  journal: JournalWriter;
  table: RoutingTable;
  catalogues: EventCatalogues;
  tenants: KnownTenants;
  /** Up to when the record is complete, milliseconds since 1970. */
  recordedUpTo: () => Promise<number>;
  /** The consumers of bound streams. */
  sourceConsumers: readonly WatchedConsumer[];
  registry: Registry;
  /** How e-mail goes to tenants' contacts; undefined where none does. */
  mail: MailSettings | undefined;
  tracing: Tracing | undefined;
  logger: Logger;
}

@Module({})
export class SubscriberModule {
  static of(parts: SubscriberParts): DynamicModule {
    const { bus, database, journal, table, catalogues, tenants, mail, tracing, logger } = parts;
    const { registry } = parts;
    const metrics = subscriberMetrics(registry, table);
    busMetrics(registry, bus);
    streamMetrics(registry, bus, parts.sourceConsumers);
    databaseMetrics(registry, () => poolFigures(database));
    const reportUnwritten = reportTo(logger, 'error');
    const projection = new Projection(database);
    const commit = new GroupCommit({
      write: async (facts) => {
        const since = performance.now();
        await projection.project(facts);
        metrics.written(performance.now() - since);
      },
      isTransient: (error) => !isUnwritable(error),
      report: (problem, error, facts) => {
        metrics.projectionProblem();
        reportUnwritten(problem, error, { facts });
      },
      passedOver: (fact) => {
        metrics.passedOver();
        logger.error(placeOf(fact), 'the record lacks a fact that cannot be written');
      },
    });
    readGauge(
      registry,
      {
        name: 'tidings_projection_facts_waiting',
        help: 'Facts that this process was handed and that wait for the next transaction.',
      },
      () => commit.waitingFacts,
    );
    const disabled = (told: { tenant: TenantId; webhook: WebhookId; reason: DisabledReason }) => {
      metrics.disabled(told.reason);
      const { tenant, webhook, reason } = told;
      logger.info({ tenant, webhook, reason }, 'a webhook was disabled');
    };
    const report = reportTo(logger);
    const reconciler = new Reconciler({
      bus,
      database,
      journal,
      observed: ({ queued, expired, looked, whole }) => {
        metrics.restored(queued, expired);
        if (queued + expired > 0)
          logger.warn(
            { queued, expired, looked, whole },
            'deliveries had lost their messages and are queued again',
          );
      },
      report,
    });
    const sweep = new RetentionSweep({
      database,
      swept: (done) => {
        if (done.dropped.length + done.events + done.deliveries > 0)
          logger.info(done, 'what is kept no more was removed');
        if (done.busy.length > 0)
          logger.warn({ days: done.busy }, 'days could not be dropped, for the record was in use');
      },
      report,
    });
    const publisher = new OperationalPublisher(bus, operationalMetrics(registry).published);
    const count = mailMetrics(registry);
    return {
      module: SubscriberModule,
      imports: [
        OpsModule.register(
          'subscriber',
          { nats: () => bus.ping(), postgres: () => database.query('SELECT 1') },
          registry,
        ),
      ],
      controllers: [
        RoutingController,
        ProjectionsController,
        RefusalsController,
        OperationalEventsController,
      ],
      providers: [
        {
          provide: Router,
          useValue: new Router(table, bus.deliveries, journal, metrics, catalogues, tenants, tracing),
        },
        { provide: Projector, useValue: new Projector(bus.events, commit, metrics.projected) },
        { provide: GroupCommit, useValue: commit },
        { provide: Refusals, useValue: new Refusals({ database, disabled, report }) },
        {
          provide: AutoDisable,
          useValue: new AutoDisable({ database, recordedUpTo: parts.recordedUpTo, disabled, report }),
        },
        { provide: OperationalFacts, useValue: new OperationalFacts(publisher) },
        {
          provide: OperationalNotices,
          useValue: new OperationalNotices({ database, mailing: mail !== undefined, report }),
        },
        { provide: Announcer, useValue: new Announcer({ database, publisher, report }) },
        {
          provide: MailSender,
          useValue: mail ? new MailSender({ database, settings: mail, count, report }) : null,
        },
        { provide: Reconciler, useValue: reconciler },
        { provide: RetentionSweep, useValue: sweep },
        { provide: TallyFolder, useValue: new TallyFolder({ database, report }) },
      ],
    };
  }
}

/** Which fact it is, by its ids. */
function placeOf(fact: Fact): Record<string, string> {
  const { kind, tenant } = fact;
  const ids = {
    event: 'event' in fact ? fact.event : 'id' in fact ? fact.id : undefined,
    delivery: 'delivery' in fact ? fact.delivery : undefined,
    webhook: 'webhook' in fact ? fact.webhook : undefined,
    attempt: 'attempt' in fact ? fact.attempt.id : undefined,
  };
  const known = Object.entries(ids).filter(([, id]) => id !== undefined);
  return { kind, tenant, ...Object.fromEntries(known) };
}
