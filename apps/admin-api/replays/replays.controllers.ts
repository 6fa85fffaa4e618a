import { Body, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { WebhookNotFound } from '#domain';
import { DataSource, findWebhook } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { refusedIfDisabled } from '../deliveries/sendable-webhook.js';
import { found } from '../http/found.js';
import { PathId } from '../http/path-id.js';
import { CreateJob } from '../jobs/create-job.js';
import { countView, jobView } from '../jobs/job-schemas.js';
import { AlsoAnswers, Answers, Resource } from '../openapi/resource.js';
import { ReplayEvent } from './replay-event.js';
import {
  eventReplay,
  eventReplayView,
  webhookReplay,
  type EventReplay,
  type WebhookReplayRequest,
} from './replay-schemas.js';

@Resource('events')
export class EventReplaysController {
  constructor(private readonly replays: ReplayEvent) {}

  @Post(':id/replay')
  @Answers(200, 'How many deliveries it would be, where that is all that was asked', countView, [
    'event_not_found',
    'event_rejected',
    'webhook_not_found',
    'webhook_disabled',
    'payload_expired',
    'bus_unavailable',
  ])
  @AlsoAnswers(202, 'The deliveries that are on their way', eventReplayView)
  async replay(
    @CallerOf() { tenant }: Caller,
    @PathId() id: string,
    @Body({ schema: eventReplay.prefault({}) }) { webhook_id, dry_run }: EventReplay,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    if (dry_run) return { count: await this.replays.count(tenant, id, webhook_id) };
    const replayed = await this.replays.replay(tenant, id, webhook_id);
    void reply.status(202);
    return replayed;
  }
}

@Resource('webhooks')
export class WebhookReplaysController {
  constructor(
    private readonly database: DataSource,
    private readonly jobs: CreateJob,
  ) {}

  @Post(':id/replay')
  @Answers(200, 'How many deliveries it would be, where that is all that was asked', countView, [
    'webhook_not_found',
    'webhook_disabled',
  ])
  @AlsoAnswers(202, 'The job that has begun', jobView)
  async replay(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @Body({ schema: webhookReplay }) { dry_run, only, since, until = new Date() }: WebhookReplayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await findWebhook(this.database, caller.tenant, id);
    refusedIfDisabled(found(row, () => new WebhookNotFound(id)));
    const params = { webhook_id: id, only, since, until };
    return this.jobs.countOrCreate(caller, { kind: 'webhook_replay', params }, dry_run, reply);
  }
}
