import { Body, Post } from '@nestjs/common';
import { CallerOf, type Caller } from '../access/caller.js';
import { PathId } from '../http/path-id.js';
import { IfMatchOf, versioned, type IfMatch } from '../http/versioned.js';
import { Answers, Resource } from '../openapi/resource.js';
import { WebhookChanges } from './webhook-changes.js';
import { rotatedSecretView, secretRotation, type SecretRotation } from './webhook-schemas.js';
import { webhookViewOf } from './webhook-view.js';

@Resource('webhooks')
export class WebhookSecretsController {
  constructor(private readonly changes: WebhookChanges) {}

  @Post(':id/rotate-secret')
  @Answers(200, 'The webhook, and its new secret for the only time', rotatedSecretView, [
    'webhook_not_found',
    'version_conflict',
  ])
  async rotate(
    @CallerOf() caller: Caller,
    @PathId() id: string,
    @IfMatchOf() ifMatch: IfMatch,
    @Body({ schema: secretRotation.prefault({}) }) rotation: SecretRotation,
  ) {
    const rotated = await this.changes.rotateSecret(caller, id, rotation, ifMatch.version);
    const { webhook, secret, previousUntil } = rotated;
    const previous_secret_until = new Date(previousUntil).toISOString();
    return versioned(webhook, { ...webhookViewOf(webhook), secret, previous_secret_until });
  }
}
