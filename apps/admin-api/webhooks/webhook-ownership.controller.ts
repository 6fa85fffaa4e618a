import { Post } from '@nestjs/common';
import { CallerOf, type Caller } from '../access/caller.js';
import { PathId } from '../http/path-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { ProveOwnership } from './prove-ownership.js';
import { webhookView } from './webhook-schemas.js';
import { shownWebhook } from './webhook-view.js';

/** Receivers are asked whether they want events, where their tenant wants that. */
@Resource('webhooks')
export class WebhookOwnershipController {
  constructor(private readonly ownership: ProveOwnership) {}

  @Post(':id/verify')
  @Answers(200, 'The webhook; its receiver agreed, or need not be asked', webhookView, [
    'webhook_not_found',
    'ownership_not_proven',
    'no_dispatcher',
    'attempt_not_answered',
    'bus_unavailable',
  ])
  async verify(@CallerOf() caller: Caller, @PathId() id: string) {
    return shownWebhook(await this.ownership.prove(caller, id));
  }
}
