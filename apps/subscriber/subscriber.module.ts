import { Module, type DynamicModule } from '@nestjs/common';
import type { Bus, EventCatalogues, JournalWriter, KnownTenants } from '#bus';
import type { DisabledReason, RoutingTable, TenantId, WebhookId } from '#domain';
import { createRegistry, OpsModule, type Logger, type Tracing } from '#observability';
import { isUnwritable, Projection, type DataSource } from '#persistence';
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
  tracing: Tracing | undefined;
  logger: Logger;
}

@Module({})
export class SubscriberModule {
  static of(parts: SubscriberParts): DynamicModule {
    const { bus, database, journal, table, catalogues, tenants, tracing, logger } = parts;
    const registry = createRegistry('subscriber');
    const metrics = subscriberMetrics(registry, table);
    const projection = new Projection(database);
    const commit = new GroupCommit({
      write: (facts) => projection.project(facts),
      isTransient: (error) => !isUnwritable(error),
      report: (problem, error, facts) => {
        metrics.projectionProblem();
        logger.error({ err: error, facts }, problem);
      },
    });
    const disabled = (told: { tenant: TenantId; webhook: WebhookId; reason: DisabledReason }) => {
      metrics.disabled(told.reason);
      const { tenant, webhook, reason } = told;
      logger.info({ tenant, webhook, reason }, 'a webhook was disabled');
    };
    const report = (problem: string, error: unknown) => logger.warn({ err: error }, problem);
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
    return {
      module: SubscriberModule,
      imports: [
        OpsModule.register(
          'subscriber',
          { nats: () => bus.ping(), postgres: () => database.query('SELECT 1') },
          registry,
        ),
      ],
      controllers: [RoutingController, ProjectionsController, RefusalsController],
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
        { provide: Reconciler, useValue: reconciler },
        { provide: RetentionSweep, useValue: sweep },
        { provide: TallyFolder, useValue: new TallyFolder({ database, report }) },
      ],
    };
  }
}
