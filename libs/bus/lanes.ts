import type { WebhookId } from '#domain';
import type { Wires } from './connection.js';
import { Consumer, type ConsumerOptions } from './consumer.js';
import { decodeOwed, type OwedDelivery } from './owed-delivery.js';
import { DELIVERIES, laneNewsSubject, laneSubject, laterSubject, readySubject } from './subjects.js';

const ACK_WAIT_MS = 15_000;
/** An index is held for as long as its lane is drained; whoever takes the lane over makes the consumer anew. */
const INDEX_ACK_WAIT_MS = 3_600_000;
/** A consumer that was left behind by a crash goes by itself. */
const ABANDONED_AFTER_MS = 60_000;
/** How many deliveries of an ordered lane are put in order at once. */
export const INDEX_CAPACITY = 50_000;

/**
 * The lanes: what each webhook is owed and cannot take now. A lane has a
 * consumer only while it drains, and at most one, which its home makes.
 */
export class Lanes {
  constructor(private readonly wires: Wires) {}

  /** How many deliveries wait in each lane that is not empty. */
  async lengths(): Promise<Map<WebhookId, number>> {
    const subjects = await this.subjects(laneSubject('*'));
    const prefix = laneSubject('').length;
    return new Map(Object.entries(subjects).map(([subject, count]) => [subject.slice(prefix), count]));
  }

  /** How many deliveries wait in a webhook's lane. */
  async length(webhook: WebhookId): Promise<number> {
    return (await this.subjects(laneSubject(webhook)))[laneSubject(webhook)] ?? 0;
  }

  /** How many deliveries of a webhook are on their way to its lane: scheduled retries, and those that are ready. */
  async onTheWay(webhook: WebhookId): Promise<number> {
    // In this order: one that comes due in between is seen twice, and not never.
    const scheduled = await this.subjects(laterSubject(webhook, '*'));
    const ready = await this.subjects(readySubject(webhook));
    return [...Object.values(scheduled), ...Object.values(ready)].reduce((sum, count) => sum + count, 0);
  }

  /**
   * Begins to hand out what is in a lane, from its beginning, whoever drained it before.
   * @throws when NATS cannot be asked
   */
  async open(webhook: WebhookId, options: Omit<ConsumerOptions, 'plan'>): Promise<Consumer> {
    const plan = { ...this.plan(webhook), ackWaitMs: ACK_WAIT_MS, maxAckPending: 2_000 };
    const consumer = new Consumer(this.wires, { ...options, plan });
    await consumer.start({ afresh: true });
    return consumer;
  }

  /**
   * Begins to hand out the index of a lane: its messages without their payloads; `read` has those.
   * @throws when NATS cannot be asked
   */
  async openIndex(
    webhook: WebhookId,
    options: Omit<ConsumerOptions, 'plan' | 'capacity'>,
  ): Promise<Consumer> {
    const plan = {
      ...this.plan(webhook),
      ackWaitMs: INDEX_ACK_WAIT_MS,
      maxAckPending: INDEX_CAPACITY,
      headersOnly: true,
    };
    const consumer = new Consumer(this.wires, { ...options, capacity: INDEX_CAPACITY, plan });
    await consumer.start({ afresh: true });
    return consumer;
  }

  /** Takes a lane's consumer away, so that another lane may have one. */
  async close(webhook: WebhookId): Promise<void> {
    await this.wires.manager.consumers.delete(DELIVERIES, nameOf(webhook)).catch(() => false);
  }

  /**
   * A delivery of a lane, by its place in DELIVERIES; undefined when it is no longer there.
   * @throws when NATS cannot be asked
   */
  async read(sequence: number): Promise<{ owed: OwedDelivery; data: Buffer } | undefined> {
    const message = await this.wires.manager.streams.getMessage(DELIVERIES, { seq: sequence });
    return message ? decodeOwed(message.data) : undefined;
  }

  /** Tells the home of a webhook that routing put something into its lane. Nothing is lost when nobody hears it. */
  tell(webhook: WebhookId): void {
    this.wires.outbox.push(() => this.wires.connection.publish(laneNewsSubject(webhook)));
  }

  /** @param told of each webhook that `tell` named, anywhere */
  listen(told: (webhook: WebhookId) => void): () => void {
    const prefix = laneNewsSubject('*').length - 1;
    const subscription = this.wires.connection.subscribe(laneNewsSubject('*'), {
      callback: (_error, { subject }) => told(subject.slice(prefix)),
    });
    return () => subscription.unsubscribe();
  }

  private plan(webhook: WebhookId) {
    return {
      stream: DELIVERIES,
      durable: nameOf(webhook),
      filter: laneSubject(webhook),
      abandonedAfterMs: ABANDONED_AFTER_MS,
      inMemory: true,
    };
  }

  private async subjects(filter: string): Promise<Record<string, number>> {
    const info = await this.wires.manager.streams.info(DELIVERIES, { subjects_filter: filter });
    return info.state.subjects ?? {};
  }
}

function nameOf(webhook: WebhookId): string {
  return `lane-${webhook}`;
}
