import { Injectable } from '@nestjs/common';
import { WebhookNotFound, type EventId, type TenantId, type WebhookId } from '#domain';
import { DataSource, findWebhook, listWebhooks, type EventToReplay, type WebhookRow } from '#persistence';
import { BringBack, onceAsItStands } from '../deliveries/bring-back.js';
import { payloadExpired } from '../deliveries/delivery-control.js';
import { refusedIfDisabled } from '../deliveries/sendable-webhook.js';
import { acceptedEvent } from '../events/accepted-event.js';
import { found } from '../http/found.js';
import { deliveriesOwed } from './wanted-deliveries.js';
import { whoWants } from './wants.js';

const PAGE = 250;

/** Has one event delivered again. */
@Injectable()
export class ReplayEvent {
  constructor(
    private readonly database: DataSource,
    private readonly bringBack: BringBack,
  ) {}

  /**
   * @param webhook the one that it is for, whatever it subscribes to; undefined for all that would receive it now
   * @returns the deliveries that are on their way, and how many cannot be
   * @throws Problem 404, 409
   */
  async replay(tenant: TenantId, id: EventId, webhook: WebhookId | undefined) {
    const event = await acceptedEvent(this.database, tenant, id);
    if (event.data === null) throw payloadExpired(id);
    const wish = { trigger: 'replay', dedupId: onceAsItStands } as const;
    const deliveries: string[] = [];
    let skipped = 0;
    for await (const webhooks of this.receivers(tenant, event, webhook)) {
      const owed = await deliveriesOwed(this.database, tenant, idsOf(webhooks), [event]);
      const wanted = owed.map((each) => each.wanted);
      const brought = await this.bringBack.all(tenant, wanted, wish);
      const sent = wanted.filter((_, i) => brought[i] !== 'payload_expired');
      deliveries.push(...sent.map((each) => each.id));
      skipped += wanted.length - sent.length;
    }
    if (deliveries.length === 0 && skipped > 0) throw payloadExpired(id);
    return { deliveries, count: deliveries.length, skipped };
  }

  /** How many deliveries that would be. */
  async count(tenant: TenantId, id: EventId, webhook: WebhookId | undefined): Promise<number> {
    const event = await acceptedEvent(this.database, tenant, id);
    let count = 0;
    for await (const webhooks of this.receivers(tenant, event, webhook)) count += webhooks.length;
    return count;
  }

  private async *receivers(
    tenant: TenantId,
    event: EventToReplay,
    webhook: WebhookId | undefined,
  ): AsyncGenerator<WebhookRow[]> {
    if (webhook !== undefined) {
      const row = await findWebhook(this.database, tenant, webhook);
      yield [refusedIfDisabled(found(row, () => new WebhookNotFound(webhook)))];
      return;
    }
    let cursor: string | undefined;
    do {
      const page = await listWebhooks(this.database, tenant, {}, { limit: PAGE, cursor });
      yield whoWants(page.rows, event);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }
}

function idsOf(webhooks: WebhookRow[]): WebhookId[] {
  return webhooks.map(({ id }) => id);
}
