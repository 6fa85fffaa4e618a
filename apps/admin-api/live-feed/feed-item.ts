import type { JournalMessage } from '#bus';
import type { AttemptFinished, Fact } from '#domain';
import { deliveryStatesOf, type DeliveryJson } from '#persistence';
import type { DeliverySummary } from '../deliveries/delivery-schemas.js';

/** A place in the feed: a message of JOURNAL, and one of the states that it tells of. */
export interface FeedPlace {
  sequence: number;
  index: number;
}

/** The state of a delivery, as it is sent to whoever listens. */
export class FeedItem {
  private written: string | undefined;

  constructor(
    readonly place: FeedPlace,
    readonly state: DeliveryJson,
    private readonly attempt: AttemptFinished['attempt'] | null,
  ) {}

  /** As a server-sent event; made once, however many listen. */
  get text(): string {
    this.written ??= `id: ${textOfPlace(this.place)}\nevent: delivery\ndata: ${this.data()}\n\n`;
    return this.written;
  }

  private data(): string {
    return JSON.stringify({
      ...summaryOf(this.state),
      attempt: this.attempt && attemptSummaryOf(this.attempt),
    });
  }
}

/** What a message of JOURNAL tells of deliveries. */
export function itemsOf({ sequence, facts }: JournalMessage): FeedItem[] {
  const items: FeedItem[] = [];
  for (const fact of facts)
    for (const state of deliveryStatesOf(fact))
      items.push(new FeedItem({ sequence, index: items.length }, state, attemptOf(fact)));
  return items;
}

export function textOfPlace({ sequence, index }: FeedPlace): string {
  return `${sequence}.${index}`;
}

const LAST_INDEX = 999_999_999;

/** The place after all that a message tells. */
export function endOf(sequence: number): FeedPlace {
  return { sequence, index: LAST_INDEX };
}

const PLACE = /^(\d{1,15})\.(\d{1,9})$/;

/** The place that an id stands for; undefined where the feed never gave such an id. */
export function placeOfText(text: string): FeedPlace | undefined {
  const [, sequence, index] = PLACE.exec(text) ?? [];
  return sequence === undefined ? undefined : { sequence: Number(sequence), index: Number(index) };
}

function attemptOf(fact: Fact) {
  return fact.kind === 'attempt.finished' ? fact.attempt : null;
}

function summaryOf(state: DeliveryJson): DeliverySummary {
  return {
    id: state.id,
    event_id: state.event_id,
    event_type: state.event_type,
    webhook_id: state.webhook_id,
    status: state.status,
    attempt_count: state.attempt_count,
    next_attempt_at: iso(state.next_attempt_at),
    created_at: new Date(state.created_at).toISOString(),
    completed_at: iso(state.completed_at),
    reason: state.reason,
  };
}

/** Without what was sent and answered: that is shown with the delivery. */
function attemptSummaryOf({
  id,
  number,
  trigger,
  started_at,
  duration_ms,
  response,
  error,
}: AttemptFinished['attempt']) {
  return {
    ...{ id, number, trigger, duration_ms },
    started_at: new Date(started_at).toISOString(),
    status_code: response?.status ?? null,
    error,
  };
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
