import { setTimeout as sleep } from 'node:timers/promises';
import { JetStreamApiError, type JsMsg } from '@nats-io/jetstream';
import type { WebhookId } from '#domain';
import type { Wires } from './connection.js';
import { decodeOwed, type OwedDelivery } from './owed-delivery.js';
import { DELIVERIES, laneSubject, laterSubject } from './subjects.js';
import { ensureConsumer } from './topology.js';

/** Deliveries that are taken at once, of one webhook. */
const AT_ONCE = 500;
const PULL_EXPIRES_MS = 2_000;
const POLL_MS = 50;
const ACK_WAIT_MS = 15_000;
/** While it is there the lane can have no consumer of its own, so what a crash left behind goes soon. */
const ABANDONED_AFTER_MS = 15_000;
/** Another consumer takes some of the same subjects, which a work queue does not allow. */
const NOT_UNIQUE = 10_100;

/**
 * What a webhook is owed and nobody holds: its lane and its scheduled retries,
 * taken out of DELIVERIES by one consumer over both. A schedule that is taken
 * and acknowledged is gone, and nothing comes of it any more
 * (owed-of-webhook.int.spec.ts).
 */
export class OwedOfWebhook {
  constructor(private readonly wires: Wires) {}

  /**
   * Takes everything, until there is nothing more or it is no longer wanted.
   * Nobody may drain the lane meanwhile: what a consumer of the lane was left
   * behind by a lane that is drained no longer is removed.
   * @param take is through with a delivery when it resolves; the delivery leaves the queue then, and stays when it rejects
   * @returns how many were taken
   * @throws when NATS cannot be asked, and what `take` throws; what was not taken is still owed
   */
  async takeAll(
    webhook: WebhookId,
    take: (owed: OwedDelivery) => Promise<void>,
    wanted: () => boolean,
  ): Promise<number> {
    if (!(await this.isAnything(webhook))) return 0;
    const durable = `owed-${webhook}`;
    await this.makeConsumer(webhook, durable);
    try {
      return await this.drain(durable, take, wanted);
    } finally {
      // Another dispatcher may have taken it all with us and be done already.
      await this.wires.manager.consumers.delete(DELIVERIES, durable).catch(() => false);
    }
  }

  private async drain(
    durable: string,
    take: (owed: OwedDelivery) => Promise<void>,
    wanted: () => boolean,
  ): Promise<number> {
    const { manager, jetstream } = this.wires;
    const source = await jetstream.consumers.get(DELIVERIES, durable);
    let taken = 0;
    for (;;) {
      const { num_pending: pending, num_ack_pending: unsettled } = await manager.consumers.info(
        DELIVERIES,
        durable,
      );
      // What is acknowledged leaves the queue a moment later, and would stay if the consumer went before.
      if (unsettled === 0 && (pending === 0 || !wanted())) return taken;
      if (pending === 0 || !wanted()) {
        await sleep(POLL_MS);
        continue;
      }
      const count = Math.min(pending, AT_ONCE);
      const messages = await source.fetch({ max_messages: count, expires: PULL_EXPIRES_MS, bind: true });
      const takings: Promise<number>[] = [];
      for await (const message of messages) takings.push(takeOne(message, take));
      for (const settled of await Promise.allSettled(takings)) {
        if (settled.status === 'rejected') throw settled.reason;
        taken += settled.value;
      }
    }
  }

  private async makeConsumer(webhook: WebhookId, durable: string): Promise<void> {
    const { manager } = this.wires;
    const plan = {
      stream: DELIVERIES,
      durable,
      filter: subjectsOf(webhook),
      ackWaitMs: ACK_WAIT_MS,
      maxAckPending: 2 * AT_ONCE,
      abandonedAfterMs: ABANDONED_AFTER_MS,
    };
    try {
      await ensureConsumer(manager, plan);
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== NOT_UNIQUE) throw error;
      await manager.consumers.delete(DELIVERIES, `lane-${webhook}`).catch(() => false);
      await ensureConsumer(manager, plan);
    }
  }

  /** Most webhooks are owed nothing when they end, and a consumer costs more than asking. */
  private async isAnything(webhook: WebhookId): Promise<boolean> {
    const { streams } = this.wires.manager;
    const found = await Promise.all(
      subjectsOf(webhook).map((subject) => streams.getMessage(DELIVERIES, { last_by_subj: subject })),
    );
    return found.some((message) => message !== null);
  }
}

function subjectsOf(webhook: WebhookId): string[] {
  return [laneSubject(webhook), laterSubject(webhook, '*')];
}

/** @returns how many deliveries that were: none for a message that carries none */
async function takeOne(message: JsMsg, take: (owed: OwedDelivery) => Promise<void>): Promise<number> {
  let owed: OwedDelivery;
  try {
    ({ owed } = decodeOwed(message.data));
  } catch (error) {
    message.term(`not a delivery: ${String(error)}`);
    return 0;
  }
  try {
    await take(owed);
  } catch (error) {
    message.nak();
    throw error;
  }
  message.ack();
  return 1;
}
