import type { DeliveryId, EventId, TenantId, WebhookId } from '../ids.js';
import type { AttemptErrorKind } from '../journal/facts.js';
import type { DisabledReason } from '../webhook/webhook.js';

/** What each operational event says. Times are RFC 3339. */
export interface OperationalData {
  /** Tidings switched a webhook off. */
  'tidings.webhook.disabled': AboutWebhook & {
    reason: DisabledReason;
    disabled_at: string;
    /** Since when nothing but failures came of it; null where the record knows none. */
    failing_since: string | null;
  };
  /** A person switched it on again. */
  'tidings.webhook.enabled': AboutWebhook & { enabled_at: string };
  /** The first success after a webhook was disabled, or its circuit opened. */
  'tidings.webhook.recovered': AboutWebhook & {
    /** What it recovered from; the graver, where both were. */
    from: 'disabled' | 'circuit_opened';
    trouble_since: string;
    recovered_at: string;
  };
  'tidings.webhook.secret_rotated': AboutWebhook & {
    rotated_at: string;
    /** The secret before signs too until then. */
    previous_until: string;
  };
  /** A delivery ended as failed, or was too old to be tried again. */
  'tidings.delivery.exhausted': AboutWebhook & {
    delivery_id: DeliveryId;
    event_id: EventId;
    event_type: string;
    attempt_count: number;
    reason: string | null;
    /** What the last attempt came to; null where the delivery expired before one. */
    last_error: { kind: AttemptErrorKind; message: string } | null;
    status_code: number | null;
    exhausted_at: string;
  };
  /** A webhook kept failing; nothing but a probe is sent to it until one comes through. */
  'tidings.circuit.opened': AboutWebhook & { failures: number; opened_at: string; probe_at: string };
  'tidings.circuit.closed': AboutWebhook & { closed_at: string };
}

interface AboutWebhook {
  webhook_id: WebhookId;
}

export type OperationalType = keyof OperationalData;

/** One as it is published. The id follows from what it tells of, so that telling again makes the same event. */
export type OperationalEvent = {
  [Type in OperationalType]: {
    id: EventId;
    tenant: TenantId;
    type: Type;
    timestamp: string;
    data: OperationalData[Type];
  };
}[OperationalType];

/**
 * The event as its message has it; read again by readOperational.
 * @returns JSON, the envelope that publishers on NATS use too
 */
export function operationalBody({ id, type, timestamp, data }: OperationalEvent): string {
  return JSON.stringify({ id, type, timestamp, data });
}
