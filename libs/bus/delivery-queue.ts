import type { DeliveryId, WebhookId } from '#domain';
import type { Wires } from './connection.js';
import { encodeOwed, type OwedDelivery } from './owed-delivery.js';
import type { Publisher, Stored } from './publisher.js';
import { DELIVERIES, laneSubject, laterSubject, readySubject } from './subjects.js';

/**
 * The stream DELIVERIES: one message for each delivery that is owed. A message
 * is ready (to be attempted now), in its webhook's lane, or a schedule that
 * JetStream turns into a ready one when it is due.
 */
export class DeliveryQueue {
  constructor(
    private readonly wires: Wires,
    private readonly publisher: Publisher,
  ) {}

  /** Owes a webhook an event. Doing it again within the stream's window answers `duplicate` and owes nothing more. */
  owe(owed: OwedDelivery, data: Uint8Array): Promise<Stored> {
    return this.publisher.publish(readySubject(owed.webhook), encodeOwed(owed, data), {
      dedupId: `${owed.tenant}/${owed.event}:${owed.webhook}`,
    });
  }

  /** Makes a delivery ready that was owed before. */
  ready(owed: OwedDelivery, data: Uint8Array): Promise<Stored> {
    return this.publisher.publish(readySubject(owed.webhook), encodeOwed(owed, data));
  }

  /** Puts a delivery into its webhook's lane. */
  hold(owed: OwedDelivery, data: Uint8Array): Promise<Stored> {
    return this.publisher.publish(laneSubject(owed.webhook), encodeOwed(owed, data));
  }

  /**
   * Makes a delivery ready later; a schedule that it has already is replaced.
   * @param at milliseconds since 1970; the server's precision is a second or so
   */
  later(owed: OwedDelivery, data: Uint8Array, at: number): Promise<Stored> {
    return this.publisher.publish(laterSubject(owed.webhook, owed.delivery), encodeOwed(owed, data), {
      headers: {
        'Nats-Schedule': `@at ${new Date(at).toISOString()}`,
        'Nats-Schedule-Target': readySubject(owed.webhook),
      },
    });
  }

  /** Takes back the schedule of a delivery, if it has one. */
  async cancelLater(webhook: WebhookId, delivery: DeliveryId): Promise<void> {
    await this.wires.manager.streams.purge(DELIVERIES, { filter: laterSubject(webhook, delivery) });
  }
}
