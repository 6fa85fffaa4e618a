import { Body, Delete, Get, Headers, HttpCode, Param, Patch, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { WebhookNotFound } from '#domain';
import { DataSource, findWebhook, listWebhooks, liveWebhookOf } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { entityTag, expectedVersion } from '../http/entity-tag.js';
import { PlainId } from '../http/plain-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { WebhookChanges } from './webhook-changes.js';
import {
  createdWebhookView,
  newWebhook,
  webhookDefinition,
  webhookPage,
  webhookPatch,
  webhookQuery,
  webhookView,
  type NewWebhook,
  type WantedWebhook,
  type WebhookPatch,
  type WebhookQuery,
} from './webhook-schemas.js';
import { webhookViewOf } from './webhook-view.js';

@Resource('webhooks')
export class WebhooksController {
  constructor(
    private readonly database: DataSource,
    private readonly changes: WebhookChanges,
  ) {}

  @Post()
  @Answers(201, 'The webhook, and its secret for the only time', createdWebhookView, [
    'webhook_name_taken',
    'webhook_limit_reached',
  ])
  async create(
    @CallerOf() caller: Caller,
    @Body({ schema: newWebhook }) body: NewWebhook,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { webhook, secret } = await this.changes.create(caller, body);
    void reply
      .header('etag', entityTag(webhook.version))
      .header('location', `/api/v1/webhooks/${webhook.id}`);
    return { ...webhookViewOf(webhook), secret };
  }

  @Get()
  @Answers(200, 'Webhooks, newest first', webhookPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: webhookQuery }) query: WebhookQuery) {
    const { limit, cursor, ...filter } = query;
    const { rows, nextCursor } = await listWebhooks(this.database, tenant, filter, { limit, cursor });
    return { data: rows.map((row) => webhookViewOf(liveWebhookOf(row))), next_cursor: nextCursor };
  }

  @Get(':id')
  @Answers(200, 'The webhook', webhookView, ['webhook_not_found'])
  async read(
    @CallerOf() { tenant }: Caller,
    @Param('id', PlainId) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await findWebhook(this.database, tenant, id);
    if (!row) throw new WebhookNotFound(id);
    void reply.header('etag', entityTag(row.version));
    return webhookViewOf(liveWebhookOf(row));
  }

  @Put(':id')
  @Answers(200, 'The webhook after the change; its signing secret is untouched', webhookView, [
    'webhook_not_found',
    'webhook_name_taken',
    'version_conflict',
  ])
  async replace(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: webhookDefinition }) wanted: WantedWebhook,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const webhook = await this.changes.replace(caller, id, wanted, expectedVersion(ifMatch));
    void reply.header('etag', entityTag(webhook.version));
    return webhookViewOf(webhook);
  }

  @Patch(':id')
  @Answers(200, 'The webhook after the change', webhookView, [
    'webhook_not_found',
    'webhook_name_taken',
    'version_conflict',
  ])
  async patch(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: webhookPatch }) patch: WebhookPatch,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const webhook = await this.changes.patch(caller, id, patch, expectedVersion(ifMatch));
    void reply.header('etag', entityTag(webhook.version));
    return webhookViewOf(webhook);
  }

  @Delete(':id')
  @HttpCode(204)
  @Answers(204, 'The webhook is deleted', undefined, ['webhook_not_found', 'version_conflict'])
  async delete(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
  ): Promise<void> {
    await this.changes.delete(caller, id, expectedVersion(ifMatch));
  }
}
