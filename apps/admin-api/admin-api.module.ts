import { Module, StandardSchemaValidationPipe, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Bus, EventCatalogues } from '#bus';
import { AddressGuard } from '#egress';
import { OpsModule, type Logger, type Registry } from '#observability';
import { DataSource } from '#persistence';
import { Keyring } from '#signing';
import { Guesses } from './access/guesses.js';
import { KeyDirectory } from './access/key-directory.js';
import { OperatorKey } from './access/operator-key.js';
import { RateLimit } from './access/rate-limit.js';
import { TenantDirectory } from './access/tenant-directory.js';
import { DeliveriesController } from './deliveries/deliveries.controller.js';
import { BringBack } from './deliveries/bring-back.js';
import { DeliveryControlController } from './deliveries/delivery-control.controller.js';
import { DeliveryControl } from './deliveries/delivery-control.js';
import { WebhookDeliveriesController } from './deliveries/webhook-deliveries.controller.js';
import { EventTypeChanges } from './event-types/event-type-changes.js';
import { EventTypesController } from './event-types/event-types.controller.js';
import { ImportEventTypes } from './event-types/import-event-types.js';
import { EventBatchController } from './events/event-batch.controller.js';
import { EventsController } from './events/events.controller.js';
import { EventPreviewController } from './events/preview/preview.controller.js';
import { PublishEvent } from './events/publish-event.js';
import { ExportsController } from './exports/exports.controller.js';
import { RunningExports } from './exports/running-exports.js';
import { ForgetExpired } from './idempotency/forget-expired.js';
import { KeptAnswers } from './idempotency/kept-answers.js';
import { CreateJob } from './jobs/create-job.js';
import { JobRunner } from './jobs/job-runner.js';
import { JobsController } from './jobs/jobs.controller.js';
import { PeopleJournal } from './journal/people-journal.js';
import { KeysController } from './keys/keys.controller.js';
import { FEED_LIMITS, LiveFeed } from './live-feed/live-feed.js';
import { LiveFeedController } from './live-feed/live-feed.controller.js';
import { FrontPageController } from './openapi/front-page.controller.js';
import { PreviewRequests } from './previews/preview-requests.js';
import {
  FormatsController,
  TransformsController,
  WebhookPreviewsController,
} from './previews/previews.controllers.js';
import { ProblemFilter } from './problems/problem-filter.js';
import { invalidRequest } from './problems/problem.js';
import { schemaFaults } from './problems/schema-faults.js';
import { LedgerRelay } from './relay/ledger-relay.js';
import { ReplayEvent } from './replays/replay-event.js';
import { EventReplaysController, WebhookReplaysController } from './replays/replays.controllers.js';
import { RetentionController } from './retention/retention.controller.js';
import { Statistics } from './statistics/statistics.js';
import { StatisticsController, WebhookStatisticsController } from './statistics/statistics.controllers.js';
import { SystemController } from './system/system.controller.js';
import { TemplatesController } from './templates/templates.controller.js';
import { TenantChanges } from './tenants/tenant-changes.js';
import { TenantsController } from './tenants/tenants.controller.js';
import { TryWebhook } from './trials/try-webhook.js';
import { WebhookTestsController } from './trials/webhook-tests.controller.js';
import { WebhookHealthController } from './webhooks/health/webhook-health.controller.js';
import { TagsController } from './webhooks/tags.controller.js';
import { TransformCheck } from './webhooks/transform-check.js';
import { WebhookChanges } from './webhooks/webhook-changes.js';
import { WebhookDeletionsController } from './webhooks/webhook-deletions.controller.js';
import { WebhookHistoryController } from './webhooks/webhook-history.controller.js';
import { ProveOwnership } from './webhooks/prove-ownership.js';
import { WebhookOwnershipController } from './webhooks/webhook-ownership.controller.js';
import { WebhookSecretsController } from './webhooks/webhook-secrets.controller.js';
import { JwksController } from './webhooks/signing-keys/jwks.controller.js';
import { SigningKeysController } from './webhooks/signing-keys/signing-keys.controller.js';
import { WebhookStatusController } from './webhooks/webhook-status.controller.js';
import { WebhookSubscriptionsController } from './webhooks/webhook-subscriptions.controller.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';

/** What the admin API works with, connected. */
export interface AdminApiParts {
  database: DataSource;
  bus: Bus;
  relay: LedgerRelay;
  keyring: Keyring;
  addresses: AddressGuard;
  operatorKey: OperatorKey;
  keys: KeyDirectory;
  tenants: TenantDirectory;
  /** For each key. */
  requestsPerSecond: number;
  registry: Registry;
  logger: Logger;
}

@Module({})
export class AdminApiModule {
  static of(parts: AdminApiParts): DynamicModule {
    const { database, bus } = parts;
    const checks = { postgres: () => database.query('SELECT 1'), nats: () => bus.ping() };
    return {
      module: AdminApiModule,
      imports: [OpsModule.register('admin-api', checks, parts.registry)],
      controllers: [
        TenantsController,
        KeysController,
        WebhooksController,
        WebhookDeletionsController,
        WebhookStatusController,
        WebhookOwnershipController,
        WebhookSecretsController,
        SigningKeysController,
        JwksController,
        WebhookSubscriptionsController,
        WebhookHistoryController,
        WebhookHealthController,
        StatisticsController,
        WebhookStatisticsController,
        TagsController,
        EventsController,
        EventBatchController,
        EventPreviewController,
        EventTypesController,
        // Before those that read a delivery by its id.
        LiveFeedController,
        DeliveriesController,
        WebhookDeliveriesController,
        DeliveryControlController,
        EventReplaysController,
        WebhookReplaysController,
        WebhookTestsController,
        WebhookPreviewsController,
        TransformsController,
        FormatsController,
        TemplatesController,
        JobsController,
        SystemController,
        ExportsController,
        RetentionController,
        FrontPageController,
      ],
      providers: [
        { provide: DataSource, useValue: database },
        { provide: Bus, useValue: bus },
        { provide: EventCatalogues, useFactory: () => EventCatalogues.watch(bus) },
        { provide: LedgerRelay, useValue: parts.relay },
        { provide: Keyring, useValue: parts.keyring },
        { provide: AddressGuard, useValue: parts.addresses },
        { provide: OperatorKey, useValue: parts.operatorKey },
        { provide: KeyDirectory, useValue: parts.keys },
        { provide: TenantDirectory, useValue: parts.tenants },
        { provide: RateLimit, useValue: new RateLimit(parts.requestsPerSecond) },
        { provide: Guesses, useValue: new Guesses() },
        { provide: APP_FILTER, useValue: new ProblemFilter(parts.logger) },
        {
          provide: APP_PIPE,
          useValue: new StandardSchemaValidationPipe({
            exceptionFactory: (issues) => invalidRequest(schemaFaults(issues)),
          }),
        },
        {
          provide: JobRunner,
          inject: [BringBack],
          useFactory: (bringBack: BringBack) => new JobRunner(database, bus, bringBack, parts.logger),
        },
        { provide: 'FEED_LIMITS', useValue: FEED_LIMITS },
        LiveFeed,
        PeopleJournal,
        BringBack,
        DeliveryControl,
        ReplayEvent,
        CreateJob,
        TryWebhook,
        PreviewRequests,
        KeptAnswers,
        RunningExports,
        ForgetExpired,
        Statistics,
        TenantChanges,
        ProveOwnership,
        TransformCheck,
        WebhookChanges,
        PublishEvent,
        EventTypeChanges,
        ImportEventTypes,
      ],
    };
  }
}
