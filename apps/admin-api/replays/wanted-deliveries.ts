import { deliveryIdOf, type TenantId, type WebhookId } from '#domain';
import { deliveriesOfEvents, type DataSource, type EventPlaceRow, type KnownDelivery } from '#persistence';
import type { WantedDelivery } from '../deliveries/bring-back.js';

/** What an event owes a webhook, with all that the record knows of it. */
export interface OwedByEvent {
  wanted: WantedDelivery;
  /** Of this event id to this webhook, of another acceptance within a day too. */
  others: KnownDelivery[];
}

/** The delivery that each of some events owes each of some webhooks, as deliveries have always been named. */
export async function deliveriesOwed(
  database: DataSource,
  tenant: TenantId,
  webhooks: WebhookId[],
  events: EventPlaceRow[],
): Promise<OwedByEvent[]> {
  const known = await deliveriesOfEvents(database, tenant, webhooks, events);
  const byPair = Map.groupBy(known, ({ event_id, webhook_id }) => `${event_id}/${webhook_id}`);
  return events.flatMap((event) =>
    webhooks.map((webhook) => {
      const id = deliveryIdOf(event.id, webhook, event.accepted_at.getTime());
      const others = byPair.get(`${event.id}/${webhook}`) ?? [];
      const itself = others.find((delivery) => delivery.id === id) ?? null;
      return {
        wanted: { id, webhook, event: event.id, created_at: event.accepted_at, known: itself },
        others,
      };
    }),
  );
}
