import type { KeyId, TenantId } from '../ids.js';
import type { Fault } from '../fault.js';
import { isPlainText } from '../webhook/webhook-limits.js';
import { KeyInvalid, KeyNotFound, KeyVersionConflict } from './key-errors.js';
import type { KeyEvent } from './key-events.js';
import { KEY_LIMITS, type KeyDefinition, type KeyState } from './key.js';

interface Command {
  tenant: TenantId;
  key: KeyId;
  /** Who asks. */
  actor: string;
  /** When, milliseconds since 1970. */
  at: number;
}

export interface IssueKey extends Command {
  kind: 'issue';
  definition: KeyDefinition;
}

export interface RevokeKey extends Command {
  kind: 'revoke';
  /** The version that the asker saw; undefined takes any. */
  expectedVersion?: number | undefined;
}

export type KeyCommand = IssueKey | RevokeKey;

/**
 * What follows from a command; nothing for a key that is revoked already.
 * @throws KeyNotFound, KeyVersionConflict, KeyInvalid
 */
export function decideKey(state: KeyState, command: KeyCommand): KeyEvent[] {
  const { tenant, key, actor, at } = command;
  const decided = { tenant, key, actor, at };
  if (command.kind === 'issue') {
    const faults = faultsOf(command.definition, at);
    if (faults.length > 0) throw new KeyInvalid(faults);
    return [{ ...decided, type: 'key.issued', data: command.definition }];
  }
  if (state.kind === 'none') throw new KeyNotFound(key);
  const { expectedVersion } = command;
  if (expectedVersion !== undefined && expectedVersion !== state.version)
    throw new KeyVersionConflict(key, expectedVersion, state.version);
  return state.revoked_at === null ? [{ ...decided, type: 'key.revoked', data: {} }] : [];
}

/** The state after an event. Total, as evolveWebhook is. */
export function evolveKey(state: KeyState, event: KeyEvent): KeyState {
  if (event.type === 'key.issued')
    return {
      kind: 'issued',
      id: event.key,
      tenant: event.tenant,
      version: 1,
      ...event.data,
      revoked_at: null,
      created_at: event.at,
    };
  if (state.kind === 'none') return state;
  return { ...state, version: state.version + 1, revoked_at: event.at };
}

function faultsOf({ name, expires_at }: KeyDefinition, at: number): Fault[] {
  const faults: Fault[] = [];
  const { min, max } = KEY_LIMITS.name;
  if (name.length < min || name.length > max)
    faults.push({ path: 'name', message: `must be from ${min} to ${max} characters` });
  if (!isPlainText(name))
    faults.push({ path: 'name', message: 'must hold no control characters and no broken Unicode' });
  if (expires_at !== null && expires_at <= at)
    faults.push({ path: 'expires_at', message: 'must be in the future' });
  return faults;
}
