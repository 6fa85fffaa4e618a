import { Get, Query } from '@nestjs/common';
import { WebhookNotFound } from '#domain';
import { DataSource, listWebhookHistory, webhookAtVersion } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { pageQuery, shownPage, type PageQuery } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import { historyPage, pastWebhook } from './webhook-schemas.js';
import { historyEntryOf, webhookViewOf } from './webhook-view.js';

/** What the ledger tells of a webhook, beyond its deletion too. */
@Resource('webhooks')
export class WebhookHistoryController {
  constructor(private readonly database: DataSource) {}

  @Get(':id/history')
  @Answers(200, 'Who decided what and when, newest first', historyPage, ['webhook_not_found'])
  async history(
    @CallerOf() { tenant }: Caller,
    @PathId() id: string,
    @Query({ schema: pageQuery }) query: PageQuery,
  ) {
    const page = await listWebhookHistory(this.database, tenant, id, query);
    if (page.rows.length === 0 && query.cursor === undefined) throw new WebhookNotFound(id);
    return shownPage(page, historyEntryOf);
  }

  @Get(':id/history/:version')
  @Answers(200, 'The webhook as it was', pastWebhook, ['webhook_not_found', 'webhook_version_not_found'])
  async atVersion(@CallerOf() { tenant }: Caller, @PathId() id: string, @PathId('version') text: string) {
    const version = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : 0;
    const past = version > 0 ? await webhookAtVersion(this.database, tenant, id, version) : undefined;
    const detail = `There is no version ${text} of a webhook ${id}.`;
    const state = found(past, () => new Problem('webhook_version_not_found', { detail }));
    return { version, webhook: state.kind === 'live' ? webhookViewOf(state) : null };
  }
}
