import { Body, Delete, Get, Patch, Post, Put, Query } from '@nestjs/common';
import { WebhookNotFound } from '#domain';
import { DataSource, findWebhook, listWebhooks, liveWebhookOf } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { shownPage } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { created, IfMatchOf, type IfMatch } from '../http/versioned.js';
import { Answers, Resource } from '../openapi/resource.js';
import { ProveOwnership } from './prove-ownership.js';
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
import { shownWebhook, webhookViewOf } from './webhook-view.js';

@Resource('webhooks')
export class WebhooksController {
  constructor(
    private readonly database: DataSource,
    private readonly changes: WebhookChanges,
    private readonly ownership: ProveOwnership,
  ) {}

  @Post()
  @Answers(201, 'The webhook, and its secret for the only time', createdWebhookView, [
    'webhook_name_taken',
    'webhook_limit_reached',
    'sandbox_unavailable',
  ])
  async create(@CallerOf() caller: Caller, @Body({ schema: newWebhook }) wanted: NewWebhook) {
    const { webhook: saved, secret } = await this.changes.create(caller, wanted);
    const webhook = await this.ownership.tryToProve(caller, saved);
    return created(webhook, { ...webhookViewOf(webhook), secret }, `webhooks/${webhook.id}`);
  }

  @Get()
  @Answers(200, 'Webhooks, newest first', webhookPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: webhookQuery }) query: WebhookQuery) {
    const page = await listWebhooks(this.database, tenant, query, query);
    return shownPage(page, (row) => webhookViewOf(liveWebhookOf(row)));
  }

  @Get(':id')
  @Answers(200, 'The webhook', webhookView, ['webhook_not_found'])
  async read(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    const row = found(await findWebhook(this.database, tenant, id), () => new WebhookNotFound(id));
    return shownWebhook(liveWebhookOf(row));
  }

  @Put(':id')
  @Answers(200, 'The webhook after the change; its signing secret is untouched', webhookView, [
    'webhook_not_found',
    'webhook_name_taken',
    'version_conflict',
    'sandbox_unavailable',
  ])
  async replace(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @IfMatchOf() ifMatch: IfMatch,
    @Body({ schema: webhookDefinition }) wanted: WantedWebhook,
  ) {
    const saved = await this.changes.replace(caller, id, wanted, ifMatch.version);
    return shownWebhook(await this.ownership.tryToProve(caller, saved));
  }

  @Patch(':id')
  @Answers(200, 'The webhook after the change', webhookView, [
    'webhook_not_found',
    'webhook_name_taken',
    'version_conflict',
    'sandbox_unavailable',
  ])
  async patch(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @IfMatchOf() ifMatch: IfMatch,
    @Body({ schema: webhookPatch }) patch: WebhookPatch,
  ) {
    const saved = await this.changes.patch(caller, id, patch, ifMatch.version);
    return shownWebhook(await this.ownership.tryToProve(caller, saved));
  }

  @Delete(':id')
  @Answers(204, 'The webhook is deleted', undefined, ['webhook_not_found', 'version_conflict'])
  async delete(@CallerOf() caller: Caller, @PathId() id: string, @IfMatchOf() ifMatch: IfMatch) {
    await this.changes.delete(caller, id, ifMatch.version);
  }
}
