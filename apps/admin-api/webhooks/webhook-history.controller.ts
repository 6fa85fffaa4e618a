import { Get, Param, Query } from '@nestjs/common';
import { WebhookNotFound } from '#domain';
import { DataSource, listWebhookHistory, webhookAtVersion } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { PlainId } from '../http/plain-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import { historyPage, pageQuery, pastWebhook, type PageQuery } from './webhook-schemas.js';
import { historyEntryOf, webhookViewOf } from './webhook-view.js';

/** What the ledger tells of a webhook, beyond its deletion too. */
@Resource('webhooks')
export class WebhookHistoryController {
  constructor(private readonly database: DataSource) {}

  @Get(':id/history')
  @Answers(200, 'Who decided what and when, newest first', historyPage, ['webhook_not_found'])
  async history(
    @CallerOf() { tenant }: Caller,
    @Param('id', PlainId) id: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ) {
    const { rows, nextCursor } = await listWebhookHistory(this.database, tenant, id, query);
    if (rows.length === 0 && query.cursor === undefined) throw new WebhookNotFound(id);
    return { data: rows.map(historyEntryOf), next_cursor: nextCursor };
  }

  @Get(':id/history/:version')
  @Answers(200, 'The webhook as it was', pastWebhook, ['webhook_not_found', 'webhook_version_not_found'])
  async atVersion(
    @CallerOf() { tenant }: Caller,
    @Param('id', PlainId) id: string,
    @Param('version', PlainId) text: string,
  ) {
    const version = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
    const state =
      version === undefined ? undefined : await webhookAtVersion(this.database, tenant, id, version);
    if (version === undefined || !state)
      throw new Problem('webhook_version_not_found', {
        detail: `There is no version ${text} of a webhook ${id}.`,
      });
    return { version, webhook: state.kind === 'live' ? webhookViewOf(state) : null };
  }
}
