import { Get, Param, Query } from '@nestjs/common';
import { DataSource, findDelivery, listDeliveries } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { PlainId } from '../http/plain-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { Problem } from '../problems/problem.js';
import { deliveryPage, deliveryQuery, deliveryView, type DeliveryQuery } from './delivery-schemas.js';
import { attemptViewOf, deliverySummaryOf } from './delivery-view.js';

@Resource('deliveries')
export class DeliveriesController {
  constructor(private readonly database: DataSource) {}

  @Get()
  @Answers(200, 'Deliveries, newest first', deliveryPage)
  async list(@CallerOf() { tenant }: Caller, @Query({ schema: deliveryQuery }) query: DeliveryQuery) {
    const { limit, cursor, ...filter } = query;
    const { rows, nextCursor } = await listDeliveries(this.database, tenant, filter, { limit, cursor });
    return { data: rows.map(deliverySummaryOf), next_cursor: nextCursor };
  }

  @Get(':id')
  @Answers(200, 'The delivery with its attempts, the first one first', deliveryView, ['delivery_not_found'])
  async read(@CallerOf() { tenant }: Caller, @Param('id', PlainId) id: string) {
    const found = await findDelivery(this.database, tenant, id);
    if (!found) throw new Problem('delivery_not_found', { detail: `There is no delivery ${id}.` });
    return { ...deliverySummaryOf(found.delivery), attempts: found.attempts.map(attemptViewOf) };
  }
}
