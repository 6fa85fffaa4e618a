import { isDeepStrictEqual } from 'node:util';
import type { TenantId, WebhookId } from '../ids.js';
import type { Agreement, OwnershipCheck } from './ownership.js';
import { keptSecretFaults } from './kept-secrets.js';
import type { DisabledReason, LiveWebhook, WebhookDefinition, WebhookState } from './webhook.js';
import {
  WebhookExists,
  WebhookInvalid,
  WebhookNotFound,
  WebhookNotSubscribed,
  WebhookVersionConflict,
} from './webhook-errors.js';
import type { SecretOrigin, WebhookEvent } from './webhook-events.js';
import { WEBHOOK_LIMITS, webhookFaults } from './webhook-limits.js';

interface Command {
  tenant: TenantId;
  webhook: WebhookId;
  /** Who asks. */
  actor: string;
  /** When, milliseconds since 1970. */
  at: number;
}

export interface CreateWebhook extends Command {
  kind: 'create';
  definition: WebhookDefinition;
  secret: SecretOrigin;
  /** How its receiver is asked first, where its tenant wants that. */
  ownershipCheck?: OwnershipCheck | null;
}

export interface ChangeWebhook extends Command {
  kind: 'change';
  change: Partial<WebhookDefinition>;
  /** How the receiver at another URL is asked first, where its tenant wants that. */
  ownershipCheck?: OwnershipCheck | null;
  /** The version that the asker saw; undefined takes any. */
  expectedVersion?: number | undefined;
}

/** Adds one event type pattern; adding what is there changes nothing. */
export interface SubscribeWebhook extends Command {
  kind: 'subscribe';
  pattern: string;
  expectedVersion?: number | undefined;
}

/** Takes one event type pattern away; a webhook keeps its last. */
export interface UnsubscribeWebhook extends Command {
  kind: 'unsubscribe';
  pattern: string;
  expectedVersion?: number | undefined;
}

/** Gives a new signing secret; the one before signs too for a while. */
export interface RotateSecret extends Command {
  kind: 'rotate_secret';
  secret: SecretOrigin;
  overlapSeconds: number;
  expectedVersion?: number | undefined;
}

/**
 * Switches it off, for what was seen of it. Never refused: it changes nothing
 * where there is no such webhook (any more), where it is off already, and where
 * a person changed its status or its URL after what was seen; of a failing
 * transform, where they changed anything.
 */
export interface DisableWebhook extends Command {
  kind: 'disable';
  reason: DisabledReason;
  /** When what is held against it was so, milliseconds since 1970. */
  observed_at: number;
}

/** Its receiver agreed. It changes nothing where the URL is another by now, or that is known. */
export interface ProveOwnership extends Command {
  kind: 'prove_ownership';
  agreement: Agreement;
}

export interface DeleteWebhook extends Command {
  kind: 'delete';
  expectedVersion?: number | undefined;
}

export type WebhookCommand =
  | CreateWebhook
  | ChangeWebhook
  | SubscribeWebhook
  | UnsubscribeWebhook
  | RotateSecret
  | DisableWebhook
  | ProveOwnership
  | DeleteWebhook;

/**
 * What follows from a command; nothing when it changes nothing.
 * @throws WebhookNotFound, WebhookExists, WebhookVersionConflict, WebhookNotSubscribed, WebhookInvalid
 */
export function decideWebhook(state: WebhookState, command: WebhookCommand): WebhookEvent[] {
  const { tenant, webhook, actor, at } = command;
  const decided = { tenant, webhook, actor, at };
  switch (command.kind) {
    case 'create': {
      if (state.kind !== 'none') throw new WebhookExists(webhook);
      refuseUnsound(command.definition);
      const secret = { number: 1 as const, origin: command.secret };
      return [
        { ...decided, type: 'webhook.created', data: { ...command.definition, secret } },
        ...asked(decided, command.ownershipCheck),
      ];
    }
    case 'change': {
      const current = expectLive(state, command);
      const changed = differences(current, command.change);
      const wanted = { ...current, status: 'active' as const, ...changed };
      refuseUnsound(wanted);
      refuseSecretsElsewhere(current, wanted);
      const events: WebhookEvent[] = [];
      if (Object.keys(changed).length > 0)
        events.push({ ...decided, type: 'webhook.changed', data: changed });
      if (changed.url !== undefined) events.push(...asked(decided, command.ownershipCheck));
      const { status = current.status } = command.change;
      if (status !== current.status && status === 'inactive')
        events.push({ ...decided, type: 'webhook.paused', data: {} });
      if (status !== current.status && status === 'active')
        events.push({ ...decided, type: 'webhook.resumed', data: {} });
      return events;
    }
    case 'subscribe': {
      const { event_types } = expectLive(state, command);
      if (event_types.includes(command.pattern)) return [];
      return decideWebhook(state, {
        ...decided,
        kind: 'change',
        change: { event_types: [...event_types, command.pattern] },
      });
    }
    case 'unsubscribe': {
      const { event_types } = expectLive(state, command);
      if (!event_types.includes(command.pattern)) throw new WebhookNotSubscribed(webhook, command.pattern);
      const rest = event_types.filter((pattern) => pattern !== command.pattern);
      return decideWebhook(state, { ...decided, kind: 'change', change: { event_types: rest } });
    }
    case 'rotate_secret': {
      const current = expectLive(state, command);
      refuseTooManySecrets(current, command);
      const secret = { number: current.secret_number + 1, origin: command.secret };
      const previous_until = at + command.overlapSeconds * 1_000;
      return [{ ...decided, type: 'webhook.secret_rotated', data: { secret, previous_until } }];
    }
    case 'disable': {
      if (state.kind !== 'live' || state.status === 'disabled') return [];
      if (standingSince(state, command.reason) > command.observed_at) return [];
      return [{ ...decided, type: 'webhook.disabled', data: { reason: command.reason } }];
    }
    case 'prove_ownership': {
      const { ownership, url } = expectLive(state, command);
      const { agreement } = command;
      if (ownership?.check !== agreement.check || url !== agreement.url) return [];
      const { proven_at, origin, allowed_per_minute } = ownership;
      const known = isDeepStrictEqual(
        { origin, allowed_per_minute },
        { origin: agreement.origin, allowed_per_minute: agreement.allowed_per_minute },
      );
      if (proven_at !== null && known) return [];
      return [{ ...decided, type: 'webhook.ownership_proven', data: agreement }];
    }
    case 'delete':
      expectLive(state, command);
      return [{ ...decided, type: 'webhook.deleted', data: {} }];
  }
}

/** What was seen before this is not held against it; milliseconds since 1970. */
function standingSince({ standing_since, updated_at }: LiveWebhook, reason: DisabledReason): number {
  return reason === 'transform_failing' ? updated_at : standing_since;
}

function expectLive(
  state: WebhookState,
  command: Exclude<WebhookCommand, CreateWebhook | DisableWebhook>,
): LiveWebhook {
  if (state.kind !== 'live') throw new WebhookNotFound(command.webhook);
  const expectedVersion = 'expectedVersion' in command ? command.expectedVersion : undefined;
  if (expectedVersion !== undefined && expectedVersion !== state.version)
    throw new WebhookVersionConflict(command.webhook, expectedVersion, state.version);
  return state;
}

function asked(decided: Command, check: OwnershipCheck | null | undefined): WebhookEvent[] {
  return check ? [{ ...decided, type: 'webhook.ownership_asked', data: { check } }] : [];
}

function refuseUnsound(definition: WebhookDefinition): void {
  const faults = webhookFaults(definition);
  if (faults.length > 0) throw new WebhookInvalid(faults);
}

function refuseSecretsElsewhere(current: LiveWebhook, wanted: WebhookDefinition): void {
  const faults = keptSecretFaults(current, wanted);
  if (faults.length > 0) throw new WebhookInvalid(faults);
}

/** A rotation in a hurry (no overlap) is never refused: it ends all earlier secrets. */
function refuseTooManySecrets({ retiring }: LiveWebhook, { at, overlapSeconds }: RotateSecret): void {
  if (overlapSeconds === 0) return;
  const signing = retiring.filter(({ until }) => until > at);
  if (signing.length + 2 <= WEBHOOK_LIMITS.signing_secrets) return;
  const until = new Date(Math.min(...signing.map((each) => each.until))).toISOString();
  const message =
    `would let more than ${WEBHOOK_LIMITS.signing_secrets} secrets sign at once: ${signing.length} earlier ones still do, ` +
    `the first until ${until}; an overlap of 0 ends them all now`;
  throw new WebhookInvalid([{ path: 'overlap_seconds', message }]);
}

type ChangeableFields = Omit<WebhookDefinition, 'status'>;

/** The fields, status apart, that would differ. */
function differences(current: LiveWebhook, change: Partial<WebhookDefinition>): Partial<ChangeableFields> {
  const { status: _status, ...wanted } = change;
  return Object.fromEntries(
    Object.entries(wanted).filter(
      ([field, value]) =>
        value !== undefined && !isDeepStrictEqual(value, current[field as keyof ChangeableFields]),
    ),
  );
}
