import { Get, Query } from '@nestjs/common';
import { WebhookNotFound } from '#domain';
import { DataSource, findWebhook, listDeliveries } from '#persistence';
import { CallerOf, type Caller } from '../access/caller.js';
import { found } from '../http/found.js';
import { shownPage } from '../http/page.js';
import { PathId } from '../http/path-id.js';
import { Answers, Resource } from '../openapi/resource.js';
import { deliveryPage, webhookDeliveryQuery, type WebhookDeliveryQuery } from './delivery-schemas.js';
import { deliverySummaryOf } from './delivery-view.js';

/** What one webhook was owed. That of a deleted one is in the list of all deliveries. */
@Resource('webhooks')
export class WebhookDeliveriesController {
  constructor(private readonly database: DataSource) {}

  @Get(':id/deliveries')
  @Answers(200, 'Deliveries of the webhook, newest first', deliveryPage, ['webhook_not_found'])
  async list(
    @CallerOf() { tenant }: Caller,
    @PathId() id: string,
    @Query({ schema: webhookDeliveryQuery }) query: WebhookDeliveryQuery,
  ) {
    found(await findWebhook(this.database, tenant, id), () => new WebhookNotFound(id));
    const filter = { ...query, webhook_id: id };
    return shownPage(await listDeliveries(this.database, tenant, filter, query), deliverySummaryOf);
  }
}
