import { Body, Delete, Get, Post } from '@nestjs/common';
import { WebhookNotFound, type LiveWebhook } from '#domain';
import { DataSource, findWebhook, type WebhookRow } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { PathId } from '../http/path-id.js';
import { IfMatchOf, versioned, type IfMatch } from '../http/versioned.js';
import { Answers, Resource } from '../openapi/resource.js';
import { WebhookChanges } from './webhook-changes.js';
import { newSubscription, subscriptionsView, type NewSubscription } from './webhook-schemas.js';

/** The patterns of event types that a webhook lists, one by one. */
@Resource('webhooks')
export class WebhookSubscriptionsController {
  constructor(
    private readonly database: DataSource,
    private readonly changes: WebhookChanges,
  ) {}

  @Get(':id/event-types')
  @Answers(200, 'The patterns that the webhook lists', subscriptionsView, ['webhook_not_found'])
  async list(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    return shown(found(await findWebhook(this.database, tenant, id), () => new WebhookNotFound(id)));
  }

  @Post(':id/event-types')
  @Answers(200, 'The patterns, the new one among them', subscriptionsView, [
    'webhook_not_found',
    'version_conflict',
  ])
  async subscribe(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @IfMatchOf() ifMatch: IfMatch,
    @Body({ schema: newSubscription }) { event_type }: NewSubscription,
  ) {
    return shown(await this.changes.subscribe(caller, id, event_type, ifMatch.version));
  }

  @Delete(':id/event-types/:type')
  @Answers(200, 'The patterns that are left', subscriptionsView, [
    'webhook_not_found',
    'subscription_not_found',
    'version_conflict',
  ])
  async unsubscribe(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @PathId('type') pattern: string,
    @IfMatchOf() ifMatch: IfMatch,
  ) {
    return shown(await this.changes.unsubscribe(caller, id, pattern, ifMatch.version));
  }
}

function shown(webhook: LiveWebhook | WebhookRow) {
  return versioned(webhook, { event_types: webhook.event_types });
}
