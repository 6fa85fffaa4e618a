import type { DeliveryId, WebhookId } from '#domain';
import type { Wires } from './connection.js';
import { decodeOwed, encodeOwed, type OwedDelivery } from './owed-delivery.js';
import type { Publisher, Stored } from './publisher.js';
import { ORDER_HEADER, orderOf } from './delivery-order.js';
import type { Lanes } from './lanes.js';
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
    private readonly lanes: Lanes,
  ) {}

  /**
   * Owes a webhook an event. JetStream takes each event for each webhook once
   * within the stream's window, whoever asks.
   * @param ordered whether the webhook takes its deliveries in order: then it
   *   goes into the lane, where they are put in order
   * @returns whether this very delivery is queued, now or by an earlier try;
   *   false when it has left the queue since, or when another message with
   *   the same event id owes it already
   * @throws PublishError when JetStream did not take it
   */
  async owe(owed: OwedDelivery, data: Uint8Array, ordered = false): Promise<boolean> {
    const dedupId = `${owed.tenant}/${owed.event}:${owed.webhook}`;
    const stored = ordered
      ? await this.hold(owed, data, dedupId)
      : await this.publisher.publish(readySubject(owed.webhook), encodeOwed(owed, data), { dedupId });
    if (ordered) this.lanes.tell(owed.webhook);
    return !stored.duplicate || (await this.isAt(stored.sequence, owed.delivery));
  }

  /** Makes a delivery ready that was owed before. */
  ready(owed: OwedDelivery, data: Uint8Array): Promise<Stored> {
    return this.publisher.publish(readySubject(owed.webhook), encodeOwed(owed, data));
  }

  /** Puts a delivery into its webhook's lane. */
  hold(owed: OwedDelivery, data: Uint8Array, dedupId?: string): Promise<Stored> {
    return this.publisher.publish(laneSubject(owed.webhook), encodeOwed(owed, data), {
      ...(dedupId === undefined ? {} : { dedupId }),
      headers: { [ORDER_HEADER]: orderOf(owed) },
    });
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

  private async isAt(sequence: number, delivery: DeliveryId): Promise<boolean> {
    const message = await this.wires.manager.streams.getMessage(DELIVERIES, { seq: sequence });
    return message !== null && decodeOwed(message.data).owed.delivery === delivery;
  }
}
