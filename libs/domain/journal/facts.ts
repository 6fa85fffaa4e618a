import type { AttemptId, DeliveryId, EventId, TenantId, WebhookId } from '../ids.js';

/**
 * The facts of the journal: what happened in the data plane, in the past tense.
 * Times are milliseconds since 1970. A fact never changes and may be read
 * twice; projections know it again by its ids.
 */
export type Fact =
  | EventAccepted
  | EventRejected
  | AttemptFinished
  | DeliveryHeld
  | DeliverySending
  | DeliveryBroughtBack
  | DeliveryCancelled
  | WebhookRefused
  | CircuitOpened
  | CircuitClosed;

/** An event was read and matched; what it matched is owed. */
export interface EventAccepted {
  kind: 'event.accepted';
  tenant: TenantId;
  id: EventId;
  type: string;
  /** RFC 3339. */
  timestamp: string;
  accepted_at: number;
  /** JSON text; null when the event is large, and then it and the metadata are to be read from EVENTS at `sequence`. */
  data: string | null;
  metadata: string | null;
  /** The event's sequence in EVENTS, or in the stream named beside it. */
  sequence: number;
  /** The stream of the user's own that it lies in, where that is not EVENTS. */
  stream?: string | undefined;
  /** How many webhooks wanted it. */
  match_count: number;
  /** The deliveries that it owes. Fewer, when some had left the queue or were owed under the same event id before. */
  matches: { delivery: DeliveryId; webhook: WebhookId }[];
}

/** A message could not be taken as an event. */
export interface EventRejected {
  kind: 'event.rejected';
  tenant: TenantId;
  id: EventId;
  /** As far as the subject tells. */
  type: string;
  accepted_at: number;
  sequence: number;
  reason: string;
  /** The beginning of what came, with what is not UTF-8 replaced. */
  excerpt: string;
}

/** The delivery that a fact is about, whole enough to make its row from. */
export interface DeliveryRef {
  tenant: TenantId;
  delivery: DeliveryId;
  event: EventId;
  event_type: string;
  webhook: WebhookId;
  /** When the event was accepted; the delivery's id carries the same time. */
  created_at: number;
  /** When a person brought it back last; left out where nobody did, and then it is owed since `created_at`. */
  owed_at?: number | undefined;
}

export type AttemptTrigger = 'auto' | 'manual' | 'test' | 'replay';

export type AttemptErrorKind =
  | 'timeout'
  | 'dns'
  | 'connect'
  | 'tls'
  | 'reset'
  | 'blocked_address'
  | 'response_too_large'
  | 'http_status'
  | 'invalid_response'
  /** There was no OAuth token for the request: nothing was sent. */
  | 'auth'
  /** The webhook's transform or format could not make a request of the event: nothing was sent. */
  | 'transform'
  | 'internal';

/** What a transform wrote by `console`. */
export interface ConsoleLine {
  level: 'debug' | 'log' | 'info' | 'warn' | 'error';
  text: string;
}

/** Where neither answer nor error is, the webhook's transform dropped the delivery: nothing was sent. */
export interface AttemptRecord {
  id: AttemptId;
  number: number;
  trigger: AttemptTrigger;
  started_at: number;
  duration_ms: number;
  request: { method: string; url: string; headers: Record<string, string>; body: string };
  response: {
    status: number;
    headers: Record<string, string>;
    body: string;
    truncated: boolean;
  } | null;
  error: { kind: AttemptErrorKind; message: string } | null;
  /** Left out where the webhook has no transform. */
  console?: ConsoleLine[];
}

export interface AttemptFinished extends DeliveryRef {
  kind: 'attempt.finished';
  attempt: AttemptRecord;
  outcome: 'success' | 'retrying' | 'failed' | 'cancelled';
  /** When `retrying`: the time of the next attempt. */
  next_attempt_at: number | null;
  /** When `failed` or `cancelled`: why there is no further attempt. */
  reason: string | null;
}

/** A delivery waits in its webhook's lane. */
export interface DeliveryHeld extends DeliveryRef {
  kind: 'delivery.held';
  at: number;
  attempt_count: number;
  reason: string;
}

/** An attempt has been under way for a second. Of a quicker one only the end is told: it would cost as much again. */
export interface DeliverySending extends DeliveryRef {
  kind: 'delivery.sending';
  at: number;
  /** The attempts before. */
  attempt_count: number;
}

/** A person wants a delivery attempted now that had ended, that waited for its time, or that never was. */
export interface DeliveryBroughtBack extends DeliveryRef {
  kind: 'delivery.brought_back';
  /** When they asked. */
  owed_at: number;
  trigger: Extract<AttemptTrigger, 'manual' | 'replay'>;
  /** The attempts before; the next one is on its way. */
  attempt_count: number;
}

export interface DeliveryCancelled extends DeliveryRef {
  kind: 'delivery.cancelled';
  at: number;
  attempt_count: number;
  reason: string;
}

/** What facts about a webhook, and no one delivery, are about. */
export interface WebhookRef {
  tenant: TenantId;
  webhook: WebhookId;
  at: number;
}

/** The webhook is to be disabled: its receiver said that it wants nothing more, or its transform keeps failing. */
export interface WebhookRefused extends WebhookRef {
  kind: 'webhook.refused';
  /** It answered 410, or with the header `webhook-delivery: disable`; or its transform failed time after time. */
  reason: 'receiver_gone' | 'receiver_asked' | 'transform_failing';
}

/** A webhook kept failing; until the next probe nothing is sent to it. */
export interface CircuitOpened extends WebhookRef {
  kind: 'circuit.opened';
  /** Failures in a row. */
  failures: number;
  probe_at: number;
}

/** A probe came through. */
export interface CircuitClosed extends WebhookRef {
  kind: 'circuit.closed';
}
