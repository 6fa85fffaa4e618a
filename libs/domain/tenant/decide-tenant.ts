import { isDeepStrictEqual } from 'node:util';
import type { TenantId } from '../ids.js';
import { DEFAULT_TENANT, type LiveTenant, type TenantDefinition, type TenantState } from './tenant.js';
import {
  TenantExists,
  TenantInvalid,
  TenantIsPermanent,
  TenantNotFound,
  TenantVersionConflict,
} from './tenant-errors.js';
import type { TenantEvent } from './tenant-events.js';
import { tenantFaults } from './tenant-limits.js';

interface Command {
  tenant: TenantId;
  /** Who asks. */
  actor: string;
  /** When, milliseconds since 1970. */
  at: number;
}

export interface CreateTenant extends Command {
  kind: 'create';
  definition: TenantDefinition;
}

export interface ChangeTenant extends Command {
  kind: 'change';
  change: Partial<TenantDefinition>;
  /** The version that the asker saw; undefined takes any. */
  expectedVersion?: number | undefined;
}

export interface DeleteTenant extends Command {
  kind: 'delete';
  expectedVersion?: number | undefined;
}

export type TenantCommand = CreateTenant | ChangeTenant | DeleteTenant;

/**
 * What follows from a command; nothing when it changes nothing.
 * @throws TenantNotFound, TenantExists, TenantIsPermanent, TenantVersionConflict, TenantInvalid
 */
export function decideTenant(state: TenantState, command: TenantCommand): TenantEvent[] {
  const { tenant, actor, at } = command;
  const decided = { tenant, actor, at };
  switch (command.kind) {
    case 'create':
      if (state.kind !== 'none') throw new TenantExists(tenant);
      refuseUnsound(command.definition);
      return [{ ...decided, type: 'tenant.created', data: command.definition }];
    case 'change': {
      const current = expectLive(state, command);
      const data = differences(current, command.change);
      refuseUnsound({ ...current, ...data });
      return Object.keys(data).length === 0 ? [] : [{ ...decided, type: 'tenant.changed', data }];
    }
    case 'delete':
      if (tenant === DEFAULT_TENANT) throw new TenantIsPermanent(tenant);
      expectLive(state, command);
      return [{ ...decided, type: 'tenant.deleted', data: {} }];
  }
}

function expectLive(state: TenantState, command: ChangeTenant | DeleteTenant): LiveTenant {
  const { tenant, expectedVersion } = command;
  if (state.kind !== 'live') throw new TenantNotFound(tenant);
  if (expectedVersion !== undefined && expectedVersion !== state.version)
    throw new TenantVersionConflict(tenant, expectedVersion, state.version);
  return state;
}

function refuseUnsound(definition: TenantDefinition): void {
  const faults = tenantFaults(definition);
  if (faults.length > 0) throw new TenantInvalid(faults);
}

function differences(current: LiveTenant, change: Partial<TenantDefinition>): Partial<TenantDefinition> {
  const changed = Object.entries(change).filter(
    ([field, value]) =>
      value !== undefined && !isDeepStrictEqual(value, current[field as keyof TenantDefinition]),
  );
  return Object.fromEntries(changed);
}
