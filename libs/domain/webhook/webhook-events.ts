import type { TenantId, WebhookId } from '../ids.js';
import type { Agreement, OwnershipCheck } from './ownership.js';
import type { DisabledReason, WebhookDefinition } from './webhook.js';

/**
 * What the ledger says of a webhook. No event holds a secret, not even a sealed
 * one or its hash (docs/adr/0002): they say which one by its number.
 */
export type WebhookEvent =
  | WebhookCreated
  | WebhookChanged
  | WebhookPaused
  | WebhookResumed
  | WebhookDisabled
  | WebhookSecretRotated
  | WebhookOwnershipAsked
  | WebhookOwnershipProven
  | WebhookDeleted;

interface Decided {
  tenant: TenantId;
  webhook: WebhookId;
  /** Who decided. */
  actor: string;
  /** Milliseconds since 1970. */
  at: number;
}

export interface WebhookCreated extends Decided {
  type: 'webhook.created';
  data: WebhookDefinition & { secret: { number: 1; origin: SecretOrigin } };
}

/** What changed, with its new values; pausing and resuming have events of their own. */
export interface WebhookChanged extends Decided {
  type: 'webhook.changed';
  data: Partial<Omit<WebhookDefinition, 'status'>>;
}

export interface WebhookPaused extends Decided {
  type: 'webhook.paused';
  data: Record<never, never>;
}

export interface WebhookResumed extends Decided {
  type: 'webhook.resumed';
  data: Record<never, never>;
}

/** Tidings switched it off by itself; the actor is `tidings`. */
export interface WebhookDisabled extends Decided {
  type: 'webhook.disabled';
  data: { reason: DisabledReason };
}

export interface WebhookSecretRotated extends Decided {
  type: 'webhook.secret_rotated';
  data: {
    secret: { number: number; origin: SecretOrigin };
    /** The one before signs too until then, milliseconds since 1970; those before it no longer either. */
    previous_until: number;
  };
}

/** The receiver at its URL, which is new, must agree before it is sent anything. */
export interface WebhookOwnershipAsked extends Decided {
  type: 'webhook.ownership_asked';
  data: { check: OwnershipCheck };
}

export interface WebhookOwnershipProven extends Decided {
  type: 'webhook.ownership_proven';
  data: Agreement;
}

export interface WebhookDeleted extends Decided {
  type: 'webhook.deleted';
  data: Record<never, never>;
}

export type SecretOrigin = 'generated' | 'supplied';
