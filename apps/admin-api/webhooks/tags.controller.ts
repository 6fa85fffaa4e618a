import { Get, Query } from '@nestjs/common';
import { DataSource, listTags } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { Answers, Resource } from '../openapi/resource.js';
import { pageQuery, tagPage, type PageQuery } from './webhook-schemas.js';

@Resource('tags')
export class TagsController {
  constructor(private readonly database: DataSource) {}

  @Get()
  @Answers(200, 'The tags of all webhooks in alphabetical order, with how many have each', tagPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: pageQuery }) query: PageQuery) {
    const { rows, nextCursor } = await listTags(this.database, tenant, query);
    return { data: rows, next_cursor: nextCursor };
  }
}
