import { JetStreamError } from '@nats-io/jetstream';
import type { DeliveryId, WebhookId } from '#domain';
import type { Wires } from './connection.js';
import { decodeOwed } from './owed-delivery.js';
import { DELIVERIES, laneSubject, laterSubject, readySubject } from './subjects.js';

/** A webhook that has more than this in the queue is not looked through. */
const MOST_READ = 2_000;
const READ_AT_ONCE = 500;
const ASK_AT_ONCE = 200;
const NOTHING_THERE = 404;

/**
 * A look into DELIVERIES for deliveries that may be missing there. A delivery
 * has its schedule under a subject of its own; among the ready ones and in the
 * lane it is found by reading what its webhook has there, once for each look.
 * Messages move from schedule to ready to lane, and so they are looked for in
 * that order.
 */
export class QueueLook {
  /** By webhook, what it had in the queue; undefined where that was too much to read. */
  private readonly seen = new Map<WebhookId, ReadonlySet<DeliveryId> | undefined>();

  /** How many wait in each lane, as it was when that was first of interest. */
  private lanes: Record<string, number> | undefined;

  constructor(private readonly wires: Wires) {}

  /**
   * When the stream was made: what was queued before that is gone.
   * @returns milliseconds since 1970
   * @throws when NATS cannot be asked, or there is no such stream
   */
  async queueMadeAt(): Promise<number> {
    return Date.parse((await this.wires.manager.streams.info(DELIVERIES)).created);
  }

  /**
   * Which of some deliveries have no message. Of those that do have one, their
   * home may have it in hands; what ends while this looks is told in the
   * journal by the time that this answers.
   * @returns the deliveries without a message; left out are those of webhooks that have too much to read
   * @throws when NATS cannot be asked
   */
  async missing<Delivery extends { delivery: DeliveryId; webhook: WebhookId }>(
    deliveries: readonly Delivery[],
  ): Promise<Delivery[]> {
    const readable = await this.ofFew(deliveries);
    const unscheduled: Delivery[] = [];
    for (let i = 0; i < readable.length; i += ASK_AT_ONCE) {
      const portion = readable.slice(i, i + ASK_AT_ONCE);
      const scheduled = await Promise.all(portion.map((each) => this.isScheduled(each)));
      unscheduled.push(...portion.filter((_, n) => !scheduled[n]));
    }
    await this.lookAt(new Set(unscheduled.map(({ webhook }) => webhook)));
    return unscheduled.filter(({ webhook, delivery }) => this.seen.get(webhook)?.has(delivery) === false);
  }

  /**
   * Without those of webhooks that have too much in the queue to be read. First of all: a backlog is open for
   * long, and to ask for the schedules of all that is in it would keep nats-server busy for nothing.
   */
  private async ofFew<Delivery extends { webhook: WebhookId }>(
    deliveries: readonly Delivery[],
  ): Promise<readonly Delivery[]> {
    if (!this.lanes && deliveries.length <= ASK_AT_ONCE) return deliveries;
    const lanes = (this.lanes ??= await this.counts(laneSubject('*')));
    return deliveries.filter(({ webhook }) => (lanes[laneSubject(webhook)] ?? 0) <= MOST_READ);
  }

  private async isScheduled({ webhook, delivery }: { webhook: WebhookId; delivery: DeliveryId }) {
    const last_by_subj = laterSubject(webhook, delivery);
    return (await this.wires.manager.direct.getMessage(DELIVERIES, { last_by_subj })) !== null;
  }

  private async lookAt(webhooks: ReadonlySet<WebhookId>): Promise<void> {
    const unseen = [...webhooks].filter((webhook) => !this.seen.has(webhook));
    if (unseen.length === 0) return;
    const one = unseen.length === 1 ? unseen[0] : undefined;
    const ready = await this.counts(one === undefined ? 'deliveries.ready.>' : readySubject(one));
    const waiting = await this.counts(laneSubject(one ?? '*'));
    for (const webhook of unseen) {
      const subjects = [readySubject(webhook), laneSubject(webhook)];
      const count = subjects.reduce(
        (sum, subject) => sum + (ready[subject] ?? 0) + (waiting[subject] ?? 0),
        0,
      );
      if (count > MOST_READ) this.seen.set(webhook, undefined);
      else this.seen.set(webhook, count === 0 ? new Set() : await this.read(subjects));
    }
  }

  private async counts(filter: string): Promise<Record<string, number>> {
    const { state } = await this.wires.manager.streams.info(DELIVERIES, { subjects_filter: filter });
    return state.subjects ?? {};
  }

  private async read(subjects: string[]): Promise<Set<DeliveryId>> {
    const found = new Set<DeliveryId>();
    for (const subject of subjects) {
      let next: number | undefined = 1;
      while (next !== undefined) next = await this.readSome(subject, next, found);
    }
    return found;
  }

  /** @returns where to go on; undefined when nothing more is there */
  private async readSome(subject: string, seq: number, found: Set<DeliveryId>): Promise<number | undefined> {
    let last: number | undefined;
    try {
      const options = { seq, next_by_subj: subject, batch: READ_AT_ONCE };
      for await (const message of await this.wires.manager.direct.getBatch(DELIVERIES, options)) {
        found.add(deliveryOf(message.data));
        last = message.seq;
      }
    } catch (error) {
      if (error instanceof JetStreamError && 'code' in error && error.code === NOTHING_THERE)
        return undefined;
      throw error;
    }
    return last === undefined ? undefined : last + 1;
  }
}

/** What cannot be read is no delivery, and so none that is looked for. */
function deliveryOf(message: Uint8Array): DeliveryId {
  try {
    return decodeOwed(message).owed.delivery;
  } catch {
    return '';
  }
}
