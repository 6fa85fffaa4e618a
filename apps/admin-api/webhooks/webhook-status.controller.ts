import { Post } from '@nestjs/common';
import { CallerOf, type Caller } from '../access/caller.js';
import { PathId } from '../http/path-id.js';
import { IfMatchOf, type IfMatch } from '../http/versioned.js';
import { Answers, Resource } from '../openapi/resource.js';
import { WebhookChanges } from './webhook-changes.js';
import { webhookView } from './webhook-schemas.js';
import { shownWebhook } from './webhook-view.js';

/** Webhooks are paused and resumed by people. */
@Resource('webhooks')
export class WebhookStatusController {
  constructor(private readonly changes: WebhookChanges) {}

  @Post(':id/pause')
  @Answers(200, 'The webhook; what it is owed is held from now on', webhookView, [
    'webhook_not_found',
    'version_conflict',
  ])
  async pause(@CallerOf() caller: Caller, @PathId() id: string, @IfMatchOf() ifMatch: IfMatch) {
    return shownWebhook(await this.changes.setStatus(caller, id, 'inactive', ifMatch.version));
  }

  @Post(':id/resume')
  @Answers(
    200,
    'The webhook; what was held is delivered, and one that was disabled is active again',
    webhookView,
    ['webhook_not_found', 'version_conflict'],
  )
  async resume(@CallerOf() caller: Caller, @PathId() id: string, @IfMatchOf() ifMatch: IfMatch) {
    return shownWebhook(await this.changes.setStatus(caller, id, 'active', ifMatch.version));
  }
}
