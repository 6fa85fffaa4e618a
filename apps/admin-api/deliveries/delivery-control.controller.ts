import { Body, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { WebhookNotFound } from '#domain';
import { DataSource, findWebhook } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { PathId } from '../http/path-id.js';
import { CreateJob } from '../jobs/create-job.js';
import { countView, jobView } from '../jobs/job-schemas.js';
import { AlsoAnswers, Answers, Resource } from '../openapi/resource.js';
import { DeliveryControl } from './delivery-control.js';
import { bulkRetry, deliveryView, type BulkRetry } from './delivery-schemas.js';
import { deliveryViewOf } from './delivery-view.js';
import { refusedIfDisabled } from './sendable-webhook.js';

/** What people may do to deliveries. */
@Resource('deliveries')
export class DeliveryControlController {
  constructor(
    private readonly database: DataSource,
    private readonly control: DeliveryControl,
    private readonly jobs: CreateJob,
  ) {}

  @Post('bulk-retry')
  @Answers(200, 'How many deliveries it would be, where that is all that was asked', countView, [
    'webhook_not_found',
    'webhook_disabled',
  ])
  @AlsoAnswers(202, 'The job that has begun', jobView)
  async bulkRetry(
    @CallerOf() caller: Caller,
    @Body({ schema: bulkRetry }) { dry_run, ...filter }: BulkRetry,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { webhook_id: webhook } = filter;
    if (webhook !== undefined) {
      const row = await findWebhook(this.database, caller.tenant, webhook);
      refusedIfDisabled(found(row, () => new WebhookNotFound(webhook)));
    }
    const params = { ...filter, until: filter.until ?? new Date() };
    return this.jobs.countOrCreate(caller, { kind: 'bulk_retry', params }, dry_run, reply);
  }

  @Post(':id/retry')
  @Answers(202, 'It will be attempted; the delivery as it will be on record', deliveryView, [
    'delivery_not_found',
    'delivery_pending',
    'webhook_gone',
    'webhook_disabled',
    'payload_expired',
    'bus_unavailable',
  ])
  async retry(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    return deliveryViewOf(await this.control.retry(tenant, id));
  }

  @Post(':id/cancel')
  @Answers(200, 'Nothing more is sent; the delivery as it will be on record', deliveryView, [
    'delivery_not_found',
    'delivery_ended',
    'bus_unavailable',
  ])
  async cancel(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    return deliveryViewOf(await this.control.cancel(tenant, id));
  }
}
