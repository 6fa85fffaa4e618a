import { Get, Query } from '@nestjs/common';
import { CallerOf, type Caller } from '../access/caller.js';
import { PathId } from '../http/path-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import {
  series,
  seriesQuery,
  stats,
  statsQuery,
  type SeriesQuery,
  type StatsQuery,
} from './statistics-schemas.js';
import { Statistics } from './statistics.js';

@Resource('stats')
export class StatisticsController {
  constructor(private readonly statistics: Statistics) {}

  @Get()
  @Answers(200, 'What happened in the window', stats)
  async stats(
    @CallerOf() { tenant }: Caller,
    @Query({ schema: statsQuery }) { window, event_type }: StatsQuery,
  ) {
    return this.statistics.stats(tenant, { event_type }, window);
  }

  @Get('timeseries')
  @Answers(200, 'What happened in each step of the window', series, ['webhook_not_found'])
  async timeseries(@CallerOf() { tenant }: Caller, @Query({ schema: seriesQuery }) query: SeriesQuery) {
    return this.statistics.series(tenant, query);
  }
}

/** What one webhook was owed, and what came of it. */
@Resource('webhooks')
export class WebhookStatisticsController {
  constructor(private readonly statistics: Statistics) {}

  @Get(':id/stats')
  @Answers(200, 'What happened to the webhook in the window', stats, ['webhook_not_found'])
  async stats(
    @CallerOf() { tenant }: Caller,
    @PathId() webhook_id: string,
    @Query({ schema: statsQuery }) { window, event_type }: StatsQuery,
  ) {
    return this.statistics.stats(tenant, { webhook_id, event_type }, window);
  }
}
