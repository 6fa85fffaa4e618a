import { derivedId, type TenantId, type WebhookId } from '../ids.js';
import type { WebhookEvent } from '../webhook/webhook-events.js';
import type { OperationalEvent } from './operational-event.js';

/** A decision about a webhook, as the ledger has it, with what else is known where it is read. */
export type DecisionAboutWebhook = Told<WebhookEvent> & {
  /** Its number in the ledger. */
  seq: number;
  tenant: TenantId;
  webhook: WebhookId;
  /** Milliseconds since 1970. */
  at: number;
  /** Whether it had been disabled before. */
  was_disabled: boolean;
  /** Since when it fails, milliseconds since 1970; null where nothing says so. */
  failing_since: number | null;
};

type Told<Event extends WebhookEvent> = Event extends WebhookEvent ? Pick<Event, 'type' | 'data'> : never;

/** The operational event that a decision gives, or none. */
export function operationalEventOfDecision(decision: DecisionAboutWebhook): OperationalEvent | undefined {
  const { seq, tenant, webhook: webhook_id, at } = decision;
  const timestamp = new Date(at).toISOString();
  const base = { id: derivedId('evt', at, `ledger:${seq}`), tenant, timestamp };
  switch (decision.type) {
    case 'webhook.disabled': {
      const { failing_since: since } = decision;
      const failing_since = since === null ? null : new Date(since).toISOString();
      const data = { webhook_id, reason: decision.data.reason, disabled_at: timestamp, failing_since };
      return { ...base, type: 'tidings.webhook.disabled', data };
    }
    case 'webhook.resumed':
      if (!decision.was_disabled) return undefined;
      return { ...base, type: 'tidings.webhook.enabled', data: { webhook_id, enabled_at: timestamp } };
    case 'webhook.secret_rotated': {
      const previous_until = new Date(decision.data.previous_until).toISOString();
      const data = { webhook_id, rotated_at: timestamp, previous_until };
      return { ...base, type: 'tidings.webhook.secret_rotated', data };
    }
    case 'webhook.created':
    case 'webhook.changed':
    case 'webhook.paused':
    case 'webhook.ownership_asked':
    case 'webhook.ownership_proven':
    case 'webhook.deleted':
      return undefined;
  }
}

/** A webhook that was in trouble and succeeded after it. Times are milliseconds since 1970. */
export interface Recovery {
  tenant: TenantId;
  webhook: WebhookId;
  from: 'disabled' | 'circuit_opened';
  /** The first trouble, and the last. */
  since: number;
  last_trouble_at: number;
  recovered_at: number;
}

/** The event of a recovery: one after each last trouble, whoever sees its end. */
export function operationalEventOfRecovery(recovery: Recovery): OperationalEvent {
  const { tenant, webhook, from, since, last_trouble_at, recovered_at } = recovery;
  const timestamp = new Date(recovered_at).toISOString();
  return {
    id: derivedId('evt', last_trouble_at, `recovered:${webhook}:${last_trouble_at}`),
    tenant,
    type: 'tidings.webhook.recovered',
    timestamp,
    data: {
      ...{ webhook_id: webhook, from },
      ...{ trouble_since: new Date(since).toISOString(), recovered_at: timestamp },
    },
  };
}
