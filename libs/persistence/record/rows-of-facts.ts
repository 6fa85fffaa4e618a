import type {
  AttemptFinished,
  ConsoleLine,
  DeliveryBroughtBack,
  DeliveryHeld,
  DeliveryRef,
  DeliverySending,
  EventAccepted,
  EventRejected,
  Fact,
} from '#domain';
import type { DeliveryStatus } from './delivery-row.js';

/** Rows as JSON, their members named as the columns are; times are milliseconds since 1970. */
export interface RecordRows {
  events: EventJson[];
  deliveries: DeliveryJson[];
  attempts: AttemptJson[];
  /** The facts that tell of the attempts, by their ids. */
  finished: Map<string, AttemptFinished>;
  /** The times, in milliseconds since 1970, whose days the rows belong to. */
  times: Set<number>;
}

export interface EventJson {
  tenant: string;
  id: string;
  accepted_at: number;
  type: string;
  timestamp: string;
  data: string | null;
  metadata: string | null;
  sequence: number;
  status: 'accepted' | 'rejected';
  reason: string | null;
  match_count: number;
}

export interface DeliveryJson {
  id: string;
  created_at: number;
  tenant: string;
  event_id: string;
  event_type: string;
  webhook_id: string;
  status: DeliveryStatus;
  attempt_count: number;
  next_attempt_at: number | null;
  completed_at: number | null;
  reason: string | null;
  status_code: number | null;
  /** When it was brought back last; null when it is owed since `created_at`. */
  owed_at: number | null;
  updated_at: number;
}

export interface AttemptJson {
  delivery_id: string;
  id: string;
  created_at: number;
  tenant: string;
  number: number;
  trigger: string;
  started_at: number;
  duration_ms: number;
  method: string;
  url: string;
  request_headers: Record<string, string>;
  request_body: string;
  response_status: number | null;
  response_headers: Record<string, string> | null;
  response_body: string | null;
  response_truncated: boolean;
  error_kind: string | null;
  error_message: string | null;
  console: ConsoleLine[] | null;
}

/**
 * Where a state stands among the states of its delivery: forward by attempt,
 * then by when it was owed, then towards its end, then by time; and a success
 * after everything else. For a crash may have an earlier attempt made again,
 * after its retry; one that is brought back is open again at the attempt at
 * which it ended; and what a receiver has taken is delivered whatever another
 * attempt brought.
 * The rest decides between states of one millisecond, so that the order in
 * which they are told never does.
 */
function place(state: DeliveryJson): (number | string)[] {
  const { status, attempt_count, updated_at, next_attempt_at, status_code, reason } = state;
  const { owed_at, created_at } = state;
  const succeeded = status === 'success';
  return [
    succeeded ? 1 : 0,
    succeeded ? 0 : attempt_count,
    owed_at ?? created_at,
    status === 'failed' || status === 'cancelled' ? 1 : 0,
    updated_at,
    next_attempt_at ?? 0,
    status_code ?? 0,
    reason ?? '',
    attempt_count,
  ];
}

/** Whether a delivery's state comes after another one. The upsert in project-facts.ts asks the same in SQL. */
export function isLater(next: DeliveryJson, known: DeliveryJson): boolean {
  const before = place(known);
  const after = place(next);
  const differs = after.findIndex((value, i) => value !== before[i]);
  return differs !== -1 && (after[differs] ?? 0) > (before[differs] ?? 0);
}

/**
 * The rows that facts make, each delivery once and in its latest state, so that
 * a delivery which begins and ends within a batch costs one insert. The same
 * whatever the order of the facts, and however often each is there.
 */
export function rowsOfFacts(facts: Fact[]): RecordRows {
  const events = new Map<string, EventJson>();
  const deliveries = new Map<string, DeliveryJson>();
  const finished = new Map<string, AttemptFinished>();
  const times = new Set<number>();
  const move = (row: DeliveryJson) => {
    const known = deliveries.get(row.id);
    if (!known || isLater(row, known)) deliveries.set(row.id, row);
  };
  for (const fact of facts) {
    // What is about a webhook as such makes no row.
    if (!('accepted_at' in fact || 'created_at' in fact)) continue;
    times.add('accepted_at' in fact ? fact.accepted_at : fact.created_at);
    if (fact.kind === 'event.accepted' || fact.kind === 'event.rejected') {
      const row = fact.kind === 'event.accepted' ? acceptedEvent(fact) : rejectedEvent(fact);
      events.set(eventKey(row), row);
    }
    if (fact.kind === 'attempt.finished') finished.set(fact.attempt.id, fact);
    deliveryStatesOf(fact).forEach(move);
  }
  const attempts = inOrder(finished).map(attemptRow);
  return { events: inOrder(events), deliveries: inOrder(deliveries), attempts, finished, times };
}

/** What tells an event from all others; its id alone need not. */
export function eventKey({
  tenant,
  id,
  accepted_at,
}: Pick<EventJson, 'tenant' | 'id' | 'accepted_at'>): string {
  return `${tenant}/${id}/${accepted_at}`;
}

/** In the order of their keys, so that two replicas which write the same rows never wait for each other crosswise. */
function inOrder<Row>(rows: Map<string, Row>): Row[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function acceptedEvent(fact: EventAccepted): EventJson {
  return {
    tenant: fact.tenant,
    id: fact.id,
    accepted_at: fact.accepted_at,
    type: fact.type,
    timestamp: fact.timestamp,
    data: fact.data,
    metadata: fact.metadata,
    sequence: fact.sequence,
    status: 'accepted',
    reason: null,
    match_count: fact.match_count,
  };
}

function rejectedEvent(fact: EventRejected): EventJson {
  return {
    tenant: fact.tenant,
    id: fact.id,
    accepted_at: fact.accepted_at,
    type: fact.type,
    timestamp: new Date(fact.accepted_at).toISOString(),
    data: JSON.stringify(fact.excerpt),
    metadata: null,
    sequence: fact.sequence,
    status: 'rejected',
    reason: fact.reason,
    match_count: 0,
  };
}

/** The states of deliveries that a fact tells of. */
export function deliveryStatesOf(fact: Fact): DeliveryJson[] {
  switch (fact.kind) {
    case 'event.accepted':
      return pendingDeliveries(fact);
    case 'attempt.finished':
      return [attemptedDelivery(fact)];
    case 'delivery.held':
      return [{ ...owedDelivery(fact), reason: fact.reason, updated_at: fact.at }];
    case 'delivery.sending':
      return [{ ...owedDelivery(fact), status: 'sending', updated_at: fact.at }];
    case 'delivery.brought_back':
      // As of when it was asked for: what has become of it since comes after.
      return [{ ...owedDelivery(fact), updated_at: fact.owed_at }];
    case 'delivery.cancelled':
      return [
        {
          ...untouched(fact),
          status: 'cancelled',
          attempt_count: fact.attempt_count,
          completed_at: fact.at,
          reason: fact.reason,
          updated_at: fact.at,
        },
      ];
    case 'event.rejected':
    case 'webhook.refused':
    case 'circuit.opened':
    case 'circuit.closed':
      return [];
  }
}

function pendingDeliveries(fact: EventAccepted): DeliveryJson[] {
  return fact.matches.map(({ delivery, webhook }) =>
    untouched({
      tenant: fact.tenant,
      delivery,
      event: fact.id,
      event_type: fact.type,
      webhook,
      created_at: fact.accepted_at,
    }),
  );
}

/** Open, after so many attempts. */
function owedDelivery(fact: DeliveryHeld | DeliverySending | DeliveryBroughtBack): DeliveryJson {
  const { attempt_count } = fact;
  return { ...untouched(fact), status: attempt_count === 0 ? 'pending' : 'retrying', attempt_count };
}

function untouched(ref: DeliveryRef): DeliveryJson {
  return {
    id: ref.delivery,
    created_at: ref.created_at,
    tenant: ref.tenant,
    event_id: ref.event,
    event_type: ref.event_type,
    webhook_id: ref.webhook,
    status: 'pending',
    attempt_count: 0,
    next_attempt_at: null,
    completed_at: null,
    reason: null,
    status_code: null,
    owed_at: ref.owed_at === ref.created_at ? null : (ref.owed_at ?? null),
    updated_at: ref.created_at,
  };
}

function attemptedDelivery(fact: AttemptFinished): DeliveryJson {
  const { attempt } = fact;
  const finishedAt = attempt.started_at + attempt.duration_ms;
  return {
    ...untouched(fact),
    status: fact.outcome,
    attempt_count: attempt.number,
    next_attempt_at: fact.next_attempt_at,
    completed_at: fact.outcome === 'retrying' ? null : finishedAt,
    reason: fact.reason,
    status_code: attempt.response?.status ?? null,
    updated_at: finishedAt,
  };
}

function attemptRow({ tenant, delivery, created_at, attempt }: AttemptFinished): AttemptJson {
  const { request, response, error } = attempt;
  return {
    delivery_id: delivery,
    id: attempt.id,
    created_at: created_at,
    tenant,
    number: attempt.number,
    trigger: attempt.trigger,
    started_at: attempt.started_at,
    duration_ms: attempt.duration_ms,
    method: request.method,
    url: request.url,
    request_headers: request.headers,
    request_body: request.body,
    response_status: response?.status ?? null,
    response_headers: response?.headers ?? null,
    response_body: response?.body ?? null,
    response_truncated: response?.truncated ?? false,
    error_kind: error?.kind ?? null,
    error_message: error?.message ?? null,
    console: attempt.console ?? null,
  };
}
