import type { WebhookId } from '#domain';
import type { Wires } from './connection.js';
import { Consumer, type ConsumerOptions } from './consumer.js';
import { DELIVERIES, laneSubject } from './subjects.js';

const POLL_MS = 50;
const ACK_WAIT_MS = 15_000;
/** A consumer that was left behind by a crash goes by itself. */
const ABANDONED_AFTER_MS = 60_000;

/** The lanes: what each webhook is owed and cannot take now. A lane has a consumer only while it drains. */
export class Lanes {
  constructor(private readonly wires: Wires) {}

  /** How many deliveries wait in each lane that is not empty. */
  async lengths(): Promise<Map<WebhookId, number>> {
    const info = await this.wires.manager.streams.info(DELIVERIES, { subjects_filter: laneSubject('*') });
    const prefix = laneSubject('').length;
    return new Map(
      Object.entries(info.state.subjects ?? {}).map(([subject, count]) => [subject.slice(prefix), count]),
    );
  }

  /**
   * Hands out what is in a lane; resolves when it is empty or no longer wanted.
   * @throws when NATS cannot be asked; what was handed out is settled first
   */
  async drain(
    webhook: WebhookId,
    wanted: () => boolean,
    options: Omit<ConsumerOptions, 'plan'>,
  ): Promise<void> {
    if ((await this.length(webhook)) === 0) return;
    const durable = `lane-${webhook}`;
    const plan = {
      stream: DELIVERIES,
      durable,
      filter: laneSubject(webhook),
      ackWaitMs: ACK_WAIT_MS,
      maxAckPending: 1_000,
      abandonedAfterMs: ABANDONED_AFTER_MS,
    };
    const consumer = new Consumer(this.wires, { ...options, plan });
    try {
      await consumer.start();
      while (wanted() && (await this.length(webhook)) > 0)
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    } finally {
      await consumer.drain(ACK_WAIT_MS);
    }
    // Not under another dispatcher that still wants it; one that nobody wants goes by itself.
    if (!wanted()) return;
    // Another dispatcher may have drained it with us and be done already.
    await this.wires.manager.consumers.delete(DELIVERIES, durable).catch(() => false);
  }

  private async length(webhook: WebhookId): Promise<number> {
    const info = await this.wires.manager.streams.info(DELIVERIES, { subjects_filter: laneSubject(webhook) });
    return info.state.subjects?.[laneSubject(webhook)] ?? 0;
  }
}
