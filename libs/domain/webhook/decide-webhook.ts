import { isDeepStrictEqual } from 'node:util';
import type { TenantId, WebhookId } from '../ids.js';
import type { LiveWebhook, WebhookDefinition, WebhookState } from './webhook.js';
import { WebhookExists, WebhookInvalid, WebhookNotFound, WebhookVersionConflict } from './webhook-errors.js';
import type { SecretOrigin, WebhookEvent } from './webhook-events.js';
import { webhookFaults } from './webhook-limits.js';

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
}

export interface ChangeWebhook extends Command {
  kind: 'change';
  change: Partial<WebhookDefinition>;
  /** The version that the asker saw; undefined takes any. */
  expectedVersion?: number | undefined;
}

export interface DeleteWebhook extends Command {
  kind: 'delete';
  expectedVersion?: number | undefined;
}

export type WebhookCommand = CreateWebhook | ChangeWebhook | DeleteWebhook;

/**
 * What follows from a command; nothing when it changes nothing.
 * @throws WebhookNotFound, WebhookExists, WebhookVersionConflict, WebhookInvalid
 */
export function decideWebhook(state: WebhookState, command: WebhookCommand): WebhookEvent[] {
  const { tenant, webhook, actor, at } = command;
  const decided = { tenant, webhook, actor, at };
  switch (command.kind) {
    case 'create': {
      if (state.kind !== 'none') throw new WebhookExists(webhook);
      refuseUnsound(command.definition);
      const secret = { number: 1 as const, origin: command.secret };
      return [{ ...decided, type: 'webhook.created', data: { ...command.definition, secret } }];
    }
    case 'change': {
      const current = expectLive(state, command);
      const changed = differences(current, command.change);
      refuseUnsound({ ...current, status: 'active', ...changed });
      const events: WebhookEvent[] = [];
      if (Object.keys(changed).length > 0)
        events.push({ ...decided, type: 'webhook.changed', data: changed });
      const { status = current.status } = command.change;
      if (status !== current.status && status === 'inactive')
        events.push({ ...decided, type: 'webhook.paused', data: {} });
      if (status !== current.status && status === 'active')
        events.push({ ...decided, type: 'webhook.resumed', data: {} });
      return events;
    }
    case 'delete':
      expectLive(state, command);
      return [{ ...decided, type: 'webhook.deleted', data: {} }];
  }
}

function expectLive(state: WebhookState, command: ChangeWebhook | DeleteWebhook): LiveWebhook {
  if (state.kind !== 'live') throw new WebhookNotFound(command.webhook);
  const { expectedVersion } = command;
  if (expectedVersion !== undefined && expectedVersion !== state.version)
    throw new WebhookVersionConflict(command.webhook, expectedVersion, state.version);
  return state;
}

function refuseUnsound(definition: WebhookDefinition): void {
  const faults = webhookFaults(definition);
  if (faults.length > 0) throw new WebhookInvalid(faults);
}

/** The fields, status apart, that would differ. */
function differences(
  current: LiveWebhook,
  change: Partial<WebhookDefinition>,
): Partial<Omit<WebhookDefinition, 'status'>> {
  const changed: Partial<Omit<WebhookDefinition, 'status'>> = {};
  const { name, url, event_types, timeout_seconds, retry } = change;
  if (name !== undefined && name !== current.name) changed.name = name;
  if (url !== undefined && url !== current.url) changed.url = url;
  if (event_types !== undefined && !isDeepStrictEqual(event_types, current.event_types))
    changed.event_types = event_types;
  if (timeout_seconds !== undefined && timeout_seconds !== current.timeout_seconds)
    changed.timeout_seconds = timeout_seconds;
  if (retry !== undefined && !isDeepStrictEqual(retry, current.retry)) changed.retry = retry;
  return changed;
}
