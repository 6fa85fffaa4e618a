import { Body, HttpCode, Post, Query } from '@nestjs/common';
import { DataSource, listWebhooks } from '#persistence';
import { CallerOf, type Caller } from '../../access/caller.js';
import { NeedsRole } from '../../access/role-needed.js';
import { Answers, Resource } from '../../openapi/resource.js';
import { invalidRequest } from '../../problems/problem.js';
import { previewOf } from './preview-event.js';
import {
  previewedEvent,
  previewPage,
  previewQuery,
  type PreviewedEvent,
  type PreviewQuery,
} from './preview-schemas.js';

@Resource('events')
export class EventPreviewController {
  constructor(private readonly database: DataSource) {}

  @Post('preview')
  @NeedsRole('publisher')
  @HttpCode(200)
  @Answers(
    200,
    'Each webhook, newest first: whether it would receive the event, and if not, why',
    previewPage,
  )
  async preview(
    @CallerOf() { tenant }: Caller,
    @Query({ schema: previewQuery }) page: PreviewQuery,
    @Body({ schema: previewedEvent }) { type, data, metadata = null }: PreviewedEvent,
  ) {
    if (data === undefined) throw invalidRequest([{ path: 'data', message: 'is required' }]);
    const { rows, nextCursor } = await listWebhooks(this.database, tenant, {}, page);
    return { data: rows.map((row) => previewOf(row, { type, data, metadata })), next_cursor: nextCursor };
  }
}
