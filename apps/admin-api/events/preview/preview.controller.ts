import { Body, Post, Query } from '@nestjs/common';
import { DataSource, listWebhooks } from '#persistence';
import { CallerOf, type Caller } from '../../access/caller.js';
import { NeedsRole } from '../../access/role-needed.js';
import { pageQuery, shownPage, type PageQuery } from '../../http/page.js';
import { Answers, Resource } from '../../openapi/resource.js';
import { invalidRequest } from '../../problems/problem.js';
import { previewOf } from './preview-event.js';
import { previewedEvent, previewPage, type PreviewedEvent } from './preview-schemas.js';

@Resource('events')
export class EventPreviewController {
  constructor(private readonly database: DataSource) {}

  @Post('preview')
  @NeedsRole('publisher')
  @Answers(
    200,
    'Each webhook, newest first: whether it would receive the event, and if not, why',
    previewPage,
  )
  async preview(
    @CallerOf() { tenant }: Caller,
    @Query({ schema: pageQuery }) page: PageQuery,
    @Body({ schema: previewedEvent }) { type, data, metadata = null }: PreviewedEvent,
  ) {
    if (data === undefined) throw invalidRequest([{ path: 'data', message: 'is required' }]);
    const webhooks = await listWebhooks(this.database, tenant, {}, page);
    return shownPage(webhooks, (row) => previewOf(row, { type, data, metadata }));
  }
}
