import { Body, Post } from '@nestjs/common';
import { CallerOf, type Caller } from '../access/caller.js';
import { BodyText } from '../http/json-body.js';
import { PathId } from '../http/path-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { triedAttempt, webhookTest, type WebhookTest } from './test-schemas.js';
import { triedAttemptOf } from './test-view.js';
import { TryWebhook } from './try-webhook.js';

@Resource('webhooks')
export class WebhookTestsController {
  constructor(private readonly trying: TryWebhook) {}

  @Post(':id/test')
  @Answers(200, 'The finished attempt, whatever came of it', triedAttempt, [
    'webhook_not_found',
    'ownership_not_proven',
    'no_dispatcher',
    'attempt_not_answered',
    'bus_unavailable',
  ])
  async test(
    @CallerOf() { tenant }: Caller,
    @PathId() id: string,
    @Body({ schema: webhookTest.prefault({}) }) test: WebhookTest,
    @BodyText() text: string,
  ) {
    const { owed, attempt } = await this.trying.attempt(tenant, id, test, text);
    return triedAttemptOf(owed, attempt);
  }
}
