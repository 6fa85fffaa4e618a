import { Get, Query } from '@nestjs/common';
import { DataSource, listTags } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { pageQuery, shownPage, type PageQuery } from '../http/page.js';
import { Answers, Resource } from '../openapi/resource.js';
import { tagPage } from './webhook-schemas.js';

@Resource('tags')
export class TagsController {
  constructor(private readonly database: DataSource) {}

  @Get()
  @Answers(200, 'The tags of all webhooks in alphabetical order, with how many have each', tagPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: pageQuery }) query: PageQuery) {
    return shownPage(await listTags(this.database, tenant, query), (tag) => tag);
  }
}
