import { Get } from '@nestjs/common';
import { DataSource, dayOf, retainedBy } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { Answers, Resource } from '../openapi/resource.js';
import { retentionView, type RetentionView } from './retention-schemas.js';

@Resource('retention')
export class RetentionController {
  constructor(private readonly database: DataSource) {}

  @Get()
  @Answers(200, 'For how long the record is kept, and what goes next', retentionView)
  async read(@CallerOf() { tenant }: Caller): Promise<RetentionView> {
    const { days, since, next } = await retainedBy(this.database, tenant);
    return {
      retention_days: days,
      kept_since: since.toISOString(),
      next: next && {
        day: dayOf(next.day.getTime()),
        goes_at: next.goesAt.toISOString(),
        events: next.events,
        deliveries: next.deliveries,
        open: next.open,
      },
    };
  }
}
