import { readEvent, type AttemptTrigger, type DeliveryId, type WebhookId } from '#domain';
import type { Cancellations } from './cancellations.js';
import type { Wires } from './connection.js';
import type { EventStore } from './event-store.js';
import { decodeOwed, encodeOwed, type OwedDelivery } from './owed-delivery.js';
import { PublishError, type Publisher } from './publisher.js';
import { DELIVERIES, laneSubject, laterSubject, readySubject } from './subjects.js';

/** A delivery that a person wants made again, with the payload as the record has it. */
export interface DeliveryToBringBack extends Omit<OwedDelivery, 'owed_at' | 'by_reference'> {
  /** The payload's JSON text; null when the record has none, for EVENTS had let go of it. */
  data: string | null;
  /** Whether somebody cancelled it, so that it is to be owed after its mark. */
  wasCancelled: boolean;
}

/** What became of a wish to have a delivery made again. */
export type BroughtBack =
  | { end: 'queued'; owed_at: number }
  /** Its message had come by the same wish before, and somebody took it since; whoever did has told of it. */
  | { end: 'taken' }
  /** Neither the record nor EVENTS has what it would carry, or only EVENTS could carry it and has let go of it. */
  | { end: 'payload_expired' };

/** A delivery that the record knows to be owed and whose message was lost, with the payload as the record has it. */
export interface LostDelivery extends Omit<OwedDelivery, 'by_reference'> {
  /** The payload's JSON text; null when the record has none. */
  data: string | null;
  /** When the attempt is due, milliseconds since 1970. */
  dueAt: number;
}

/** What a person asks of a scheduled delivery. */
export interface ToSupersede {
  webhook: WebhookId;
  delivery: DeliveryId;
  trigger: AttemptTrigger;
}

/** The next attempt of a delivery as its schedule says it. */
export type ScheduledAttempt = Pick<OwedDelivery, 'attempt' | 'owed_at' | 'event_type'>;

/** Headers count towards what a server takes at once; ours are short. */
const HEADER_BYTES = 1_024;
const NOTHING = Buffer.alloc(0);

/**
 * Puts deliveries back into the queue that had left it, or that wait there for
 * their time: what people ask for. What they ask for travels the way of every
 * delivery: as a ready message.
 */
export class Requeue {
  constructor(
    private readonly wires: Wires,
    private readonly publisher: Publisher,
    private readonly events: EventStore,
    private readonly cancellations: Cancellations,
  ) {}

  /**
   * Owes a delivery again that has ended, or that never was.
   * @param dedupId the same within the stream's window is stored once
   * @returns when it is owed from, milliseconds since 1970, as its message says: the first one's, of several wishes
   * @throws PublishError when JetStream did not take it, or NATS cannot be asked
   */
  async bringBack(
    { data, wasCancelled, ...delivery }: DeliveryToBringBack,
    dedupId?: string,
  ): Promise<BroughtBack> {
    const marked = wasCancelled ? await asked(this.cancellations.markedAt(delivery.delivery)) : undefined;
    // A mark from before does not stop it, whatever the clocks of two replicas say.
    const owed = { ...delivery, owed_at: Math.max(Date.now(), (marked ?? 0) + 1) };
    const message = this.inline(owed, data) ?? (await this.byReference(owed));
    if (!message) return { end: 'payload_expired' };
    const options = dedupId === undefined ? {} : { dedupId };
    const stored = await this.publisher.publish(readySubject(owed.webhook), message, options);
    if (!stored.duplicate) return { end: 'queued', owed_at: owed.owed_at };
    const first = await asked(this.wires.manager.streams.getMessage(DELIVERIES, { seq: stored.sequence }));
    return first ? { end: 'queued', owed_at: decodeOwed(first.data).owed.owed_at } : { end: 'taken' };
  }

  /**
   * Puts a delivery back that is owed and whose message was lost: ready, or scheduled where it is not due yet.
   * The same attempt of it is stored once within the stream's window.
   * @returns `payload_expired` when there is nothing that it could carry, as bringBack says
   * @throws PublishError when JetStream did not take it, or NATS cannot be asked
   */
  async restore({ data, dueAt, ...owed }: LostDelivery): Promise<'queued' | 'payload_expired'> {
    const message = this.inline(owed, data) ?? (await this.byReference(owed));
    if (!message) return 'payload_expired';
    const dedupId = `requeued:${owed.delivery}:${owed.attempt}`;
    if (dueAt <= Date.now()) await this.publisher.publish(readySubject(owed.webhook), message, { dedupId });
    else {
      const headers = scheduleOf(owed, dueAt);
      await this.publisher.publish(laterSubject(owed.webhook, owed.delivery), message, { dedupId, headers });
    }
    return 'queued';
  }

  /**
   * Makes the next attempt of a scheduled delivery due now: its schedule is
   * replaced by one that fires within a second or so. Should it fire in this
   * very moment, JetStream refuses the replacement, and nothing comes twice.
   * @returns the attempt that is due now, and since when it is owed; undefined when there is no schedule (any more)
   * @throws PublishError when JetStream did not take it, or NATS cannot be asked
   */
  async supersede({ webhook, delivery, trigger }: ToSupersede): Promise<ScheduledAttempt | undefined> {
    const scheduled = await this.scheduled(webhook, delivery);
    if (!scheduled) return undefined;
    const now = Date.now();
    const owed = { ...scheduled.owed, trigger, owed_at: now };
    try {
      await this.publisher.publish(laterSubject(webhook, delivery), encodeOwed(owed, scheduled.data), {
        headers: {
          ...scheduleOf(owed, now),
          'Nats-Expected-Last-Subject-Sequence': String(scheduled.sequence),
        },
      });
    } catch (error) {
      if (error instanceof PublishError && /wrong last sequence/.test(error.message)) return undefined;
      throw error;
    }
    return attemptOf(owed);
  }

  /**
   * Takes the schedule of a delivery away.
   * @returns the attempt that it would have made next, and since when it was owed; undefined when it had no schedule
   * @throws PublishError when NATS cannot be asked
   */
  async unschedule(webhook: WebhookId, delivery: DeliveryId): Promise<ScheduledAttempt | undefined> {
    const scheduled = await this.scheduled(webhook, delivery);
    if (!scheduled) return undefined;
    await asked(this.wires.manager.streams.purge(DELIVERIES, { filter: laterSubject(webhook, delivery) }));
    return attemptOf(scheduled.owed);
  }

  /**
   * How many deliveries are ready and not yet attempted, lanes and schedules apart.
   * @throws PublishError when NATS cannot be asked
   */
  async readyCount(): Promise<number> {
    return this.count('deliveries.ready.>');
  }

  /**
   * How many deliveries wait in a webhook's lane.
   * @throws PublishError when NATS cannot be asked
   */
  async waitingCount(webhook: WebhookId): Promise<number> {
    return this.count(laneSubject(webhook));
  }

  private async count(filter: string): Promise<number> {
    const info = await asked(this.wires.manager.streams.info(DELIVERIES, { subjects_filter: filter }));
    return Object.values(info.state.subjects ?? {}).reduce((sum, of) => sum + of, 0);
  }

  private async scheduled(webhook: WebhookId, delivery: DeliveryId) {
    const last_by_subj = laterSubject(webhook, delivery);
    const message = await asked(this.wires.manager.streams.getMessage(DELIVERIES, { last_by_subj }));
    return message ? { ...decodeOwed(message.data), sequence: message.seq } : undefined;
  }

  /** Undefined when there is no payload, or no message may be as large. */
  private inline(owed: Omit<OwedDelivery, 'by_reference'>, data: string | null): Buffer | undefined {
    if (data === null) return undefined;
    const message = encodeOwed({ ...owed, by_reference: false }, Buffer.from(data));
    const most = (this.wires.connection.info?.max_payload ?? 0) - HEADER_BYTES;
    return message.length <= most ? message : undefined;
  }

  /** Undefined when the place where the event lay holds it no more, or another. */
  private async byReference(owed: Omit<OwedDelivery, 'by_reference'>): Promise<Buffer | undefined> {
    const stored = await asked(this.events.read({ ...owed, type: owed.event_type }));
    const read = stored && readEvent(stored);
    if (!read?.ok || read.event.id !== owed.event || read.event.tenant !== owed.tenant) return undefined;
    if (read.event.acceptedAt !== owed.created_at) return undefined;
    return encodeOwed({ ...owed, metadata: undefined, by_reference: true }, NOTHING);
  }
}

function attemptOf({ attempt, owed_at, event_type }: OwedDelivery): ScheduledAttempt {
  return { attempt, owed_at, event_type };
}

function scheduleOf({ webhook }: Pick<OwedDelivery, 'webhook'>, at: number): Record<string, string> {
  return {
    'Nats-Schedule': `@at ${new Date(at).toISOString()}`,
    'Nats-Schedule-Target': readySubject(webhook),
  };
}

/** Says of whatever NATS did not answer what is said of what it did not take. */
async function asked<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw new PublishError(`NATS could not be asked: ${String(error)}`, { cause: error });
  }
}
