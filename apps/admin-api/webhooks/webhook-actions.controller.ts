import { Body, Delete, Get, Headers, HttpCode, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { isEventId, WebhookNotFound, type LiveWebhook } from '#domain';
import { DataSource, findWebhook } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { entityTag, expectedVersion } from '../http/entity-tag.js';
import { PlainId } from '../http/plain-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { problemOf } from '../problems/problem-of.js';
import { WebhookChanges } from './webhook-changes.js';
import {
  bulkDeletion,
  newSubscription,
  rotatedSecretView,
  secretRotation,
  subscriptionsView,
  webhookIds,
  webhookView,
  type NewSubscription,
  type SecretRotation,
  type WebhookIds,
} from './webhook-schemas.js';
import { webhookViewOf } from './webhook-view.js';

/** Deletions at once: each is a transaction of its own. */
const DELETIONS_AT_ONCE = 4;

/** What is done to webhooks beyond reading and writing them. */
@Resource('webhooks')
export class WebhookActionsController {
  constructor(
    private readonly database: DataSource,
    private readonly changes: WebhookChanges,
  ) {}

  @Post('bulk-delete')
  @HttpCode(200)
  @Answers(200, 'What happened to each webhook, in the order of the ids', bulkDeletion)
  async bulkDelete(@CallerOf() caller: Caller, @Body({ schema: webhookIds }) { ids }: WebhookIds) {
    const outcomes = new Map<string, string | null>();
    const waiting = [...new Set(ids)].values();
    const work = async () => {
      for (const id of waiting) outcomes.set(id, await this.deleteOne(caller, id));
    };
    await Promise.all(Array.from({ length: DELETIONS_AT_ONCE }, work));
    return {
      data: [...new Set(ids)].map((id) => {
        const code = outcomes.get(id) ?? null;
        return { id, deleted: code === null, code };
      }),
    };
  }

  @Post(':id/pause')
  @HttpCode(200)
  @Answers(200, 'The webhook; what it is owed is held from now on', webhookView, [
    'webhook_not_found',
    'version_conflict',
  ])
  async pause(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.setStatus(caller, id, 'inactive', ifMatch));
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Answers(
    200,
    'The webhook; what was held is delivered, and one that was disabled is active again',
    webhookView,
    ['webhook_not_found', 'version_conflict'],
  )
  async resume(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return tagged(reply, await this.setStatus(caller, id, 'active', ifMatch));
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Answers(200, 'The webhook, and its new secret for the only time', rotatedSecretView, [
    'webhook_not_found',
    'version_conflict',
  ])
  async rotateSecret(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: secretRotation.prefault({}) }) rotation: SecretRotation,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const expected = expectedVersion(ifMatch);
    const { webhook, secret, previousUntil } = await this.changes.rotateSecret(
      caller,
      id,
      rotation,
      expected,
    );
    const previous_secret_until = new Date(previousUntil).toISOString();
    return { ...tagged(reply, webhook), secret, previous_secret_until };
  }

  @Get(':id/event-types')
  @Answers(200, 'The patterns that the webhook lists', subscriptionsView, ['webhook_not_found'])
  async eventTypes(
    @CallerOf() { tenant }: Caller,
    @Param('id', PlainId) id: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const row = await findWebhook(this.database, tenant, id);
    if (!row) throw new WebhookNotFound(id);
    void reply.header('etag', entityTag(row.version));
    return { event_types: row.event_types };
  }

  @Post(':id/event-types')
  @HttpCode(200)
  @Answers(200, 'The patterns, the new one among them', subscriptionsView, [
    'webhook_not_found',
    'version_conflict',
  ])
  async subscribe(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: newSubscription }) { event_type: pattern }: NewSubscription,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { kind: 'subscribe' as const, pattern, expectedVersion: expectedVersion(ifMatch) };
    const { event_types } = tagged(reply, await this.changes.carryOut(caller, id, command));
    return { event_types };
  }

  @Delete(':id/event-types/:type')
  @HttpCode(200)
  @Answers(200, 'The patterns that are left', subscriptionsView, [
    'webhook_not_found',
    'subscription_not_found',
    'version_conflict',
  ])
  async unsubscribe(
    @CallerOf() caller: Caller,
    @Param('id', PlainId) id: string,
    @Param('type', PlainId) pattern: string,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const command = { kind: 'unsubscribe' as const, pattern, expectedVersion: expectedVersion(ifMatch) };
    const { event_types } = tagged(reply, await this.changes.carryOut(caller, id, command));
    return { event_types };
  }

  private setStatus(caller: Caller, id: string, status: 'active' | 'inactive', ifMatch: string | undefined) {
    return this.changes.carryOut(caller, id, {
      kind: 'change',
      change: { status },
      expectedVersion: expectedVersion(ifMatch),
    });
  }

  /** @returns the code of the problem that kept it from being deleted; null when it is deleted */
  private async deleteOne(caller: Caller, id: string): Promise<string | null> {
    // What no id can look like is not there, and is not asked for either.
    if (!isEventId(id)) return 'webhook_not_found';
    try {
      await this.changes.delete(caller, id);
      return null;
    } catch (error) {
      const problem = problemOf(error);
      // The ids that are left would fare no better, and the caller is told so.
      if (problem.status >= 500) throw error;
      return problem.code;
    }
  }
}

/** Shows the webhook, its version in the ETag. */
function tagged(reply: FastifyReply, webhook: LiveWebhook) {
  void reply.header('etag', entityTag(webhook.version));
  return webhookViewOf(webhook);
}
