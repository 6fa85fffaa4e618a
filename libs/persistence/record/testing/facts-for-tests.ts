import {
  deliveryIdOf,
  type AttemptFinished,
  type AttemptRecord,
  type DeliveryRef,
  type EventAccepted,
  type EventRejected,
} from '#domain';

/** A morning on which all of this happens, milliseconds since 1970. */
export const MORNING = Date.UTC(2026, 10, 22, 9);

export function accepted(change: Partial<EventAccepted> = {}): EventAccepted {
  const fact: EventAccepted = {
    kind: 'event.accepted',
    tenant: 'acme',
    id: 'evt_1',
    type: 'order.created',
    timestamp: '2026-11-22T09:00:00.000Z',
    accepted_at: MORNING,
    data: '{"total":1}',
    metadata: null,
    sequence: 1,
    match_count: change.matches?.length ?? 0,
    matches: [],
    ...change,
  };
  return fact;
}

export function rejected(change: Partial<EventRejected> = {}): EventRejected {
  return {
    kind: 'event.rejected',
    tenant: 'acme',
    id: 'evt_unreadable',
    type: 'order.created',
    accepted_at: MORNING,
    sequence: 2,
    reason: 'not_json',
    excerpt: '{"half',
    ...change,
  };
}

export function delivery(event = 'evt_1', webhook = 'wh_1', at = MORNING): DeliveryRef {
  return {
    tenant: 'acme',
    delivery: deliveryIdOf(event, webhook, at),
    event,
    event_type: 'order.created',
    webhook,
    created_at: at,
  };
}

/** An attempt that was answered with a status; null for one without an answer. */
export function attempt(number: number, status: number | null, at: number, id?: string): AttemptRecord {
  return {
    id: id ?? `att_${number}_${at}`,
    number,
    trigger: 'auto',
    started_at: at - 5,
    duration_ms: 5,
    request: {
      method: 'POST',
      url: 'https://example.com/hook',
      headers: { 'webhook-id': 'evt_1' },
      body: '{}',
    },
    response: status === null ? null : { status, headers: { 'x-a': 'b' }, body: 'seen', truncated: false },
    error:
      status === null
        ? { kind: 'timeout', message: 'No complete answer within 30000 ms.' }
        : status < 300
          ? null
          : { kind: 'http_status', message: `The receiver answered ${status}.` },
  };
}

export function finished(
  ref: DeliveryRef,
  made: AttemptRecord,
  outcome: AttemptFinished['outcome'],
  nextAttemptAt: number | null = null,
): AttemptFinished {
  return {
    kind: 'attempt.finished',
    ...ref,
    attempt: made,
    outcome,
    next_attempt_at: outcome === 'retrying' ? (nextAttemptAt ?? made.started_at + 1_005) : null,
    reason: outcome === 'failed' ? 'retries_exhausted' : outcome === 'cancelled' ? 'receiver_aborted' : null,
  };
}
