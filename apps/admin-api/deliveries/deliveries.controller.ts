import { Get, Query } from '@nestjs/common';
import { timeOfId } from '#domain';
import { DataSource, findDelivery, isOpen, listDeliveries } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { shownPage } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import { goneSince, noLongerBefore } from '../retention/kept-no-more.js';
import { deliveryPage, deliveryQuery, deliveryView, type DeliveryQuery } from './delivery-schemas.js';
import { deliverySummaryOf, deliveryViewOf } from './delivery-view.js';

@Resource('deliveries')
export class DeliveriesController {
  constructor(private readonly database: DataSource) {}

  @Get()
  @Answers(200, 'Deliveries, newest first', deliveryPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: deliveryQuery }) query: DeliveryQuery) {
    return shownPage(await listDeliveries(this.database, tenant, query, query), deliverySummaryOf);
  }

  @Get(':id')
  @Answers(200, 'The delivery with its attempts, the first one first', deliveryView, ['delivery_not_found'])
  async read(@CallerOf() { tenant }: Caller, @PathId() id: string) {
    const at = timeOfId(id);
    const since = await noLongerBefore(this.database, tenant, at);
    const absent = () =>
      new Problem('delivery_not_found', { detail: `There is no delivery ${id}.${goneSince(since, at)}` });
    const shown = found(await findDelivery(this.database, tenant, id), absent);
    if (since && shown.delivery.created_at < since && !isOpen(shown.delivery)) throw absent();
    return deliveryViewOf(shown);
  }
}
