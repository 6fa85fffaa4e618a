import { DEFAULT_RETRY } from '../delivery/retry-policy.js';
import { decideTenant, type TenantCommand } from './decide-tenant.js';
import { evolveTenant } from './evolve-tenant.js';
import { NO_TENANT, PLAIN_TENANT, type TenantDefinition } from './tenant.js';
import {
  TenantExists,
  TenantInvalid,
  TenantIsPermanent,
  TenantNotFound,
  TenantVersionConflict,
} from './tenant-errors.js';
import type { TenantEvent } from './tenant-events.js';

const decided = { tenant: 'acme', actor: 'operator', at: 1_000 };
const later = { tenant: 'acme', actor: 'key_2', at: 2_000 };
const definition: TenantDefinition = {
  name: 'Acme',
  ...PLAIN_TENANT,
  timeout_seconds: 30,
  retry: DEFAULT_RETRY,
};
const created: TenantEvent = { ...decided, type: 'tenant.created', data: definition };
const deleted: TenantEvent = { ...later, type: 'tenant.deleted', data: {} };
const create = (fields: Partial<TenantDefinition> = {}): TenantCommand => ({
  ...decided,
  kind: 'create',
  definition: { ...definition, ...fields },
});
const change = (fields: Partial<TenantDefinition>, expectedVersion?: number): TenantCommand => ({
  ...later,
  kind: 'change',
  change: fields,
  expectedVersion,
});
const remove = (expectedVersion?: number): TenantCommand => ({ ...later, kind: 'delete', expectedVersion });
const given = (...events: TenantEvent[]) => {
  const state = events.reduce(evolveTenant, NO_TENANT);
  return { state, when: (command: TenantCommand) => () => decideTenant(state, command) };
};

describe('creating a tenant', () => {
  it('given none: it is created, with who and when', () => {
    expect(given().when(create())()).toEqual([created]);
  });

  it('given one of the same id, even a deleted one, whose record is still there: refused', () => {
    expect(given(created).when(create())).toThrow(TenantExists);
    expect(given(created, deleted).when(create())).toThrow(TenantExists);
  });

  it.each<[string, Partial<TenantDefinition>, string]>([
    ['no name', { name: '' }, 'name'],
    ['a name of two lines', { name: 'a\nb' }, 'name'],
    ['fewer than no webhooks', { max_webhooks: -1 }, 'max_webhooks'],
    ['half a webhook', { max_webhooks: 0.5 }, 'max_webhooks'],
    ['no time at all', { timeout_seconds: 0 }, 'timeout_seconds'],
    ['a limit of no deliveries', { max_deliveries_per_hour_per_webhook: 0 }, 'max_deliveries_per_hour'],
    ['a record of eleven years', { retention_days: 4_000 }, 'retention_days'],
    [
      'an end after no time',
      { auto_disable: { failing_for_hours: 0, idle_days: null } },
      'auto_disable.failing_for_hours',
    ],
    ['an end for nothing', { auto_disable: { failing_for_hours: null, idle_days: null } }, 'auto_disable'],
    ['51 retries', { retry: { ...DEFAULT_RETRY, count: 51 } }, 'retry.count'],
  ])('with %s is refused, naming the field', (_title, fields, path) => {
    expect(given().when(create(fields))).toThrow(TenantInvalid);
    expect(given().when(create(fields))).toThrow(path);
  });
});

describe('changing a tenant', () => {
  it('says what changed and nothing else', () => {
    expect(given(created).when(change({ max_webhooks: 3, name: 'Acme' }))()).toEqual([
      { ...later, type: 'tenant.changed', data: { max_webhooks: 3 } },
    ]);
  });

  it('that an earlier version of Tidings made: the limits that it did not know are none', () => {
    const { name, timeout_seconds, retry } = definition;
    const early = { name, max_webhooks: 2, strict_event_types: true, timeout_seconds, retry };
    const { state } = given({ ...created, data: early as TenantDefinition });
    expect(state).toMatchObject({ ...PLAIN_TENANT, max_webhooks: 2, strict_event_types: true });
  });

  it('to what it is already: nothing happens', () => {
    expect(given(created).when(change({ ...definition }))()).toEqual([]);
  });

  it('given none, a deleted one, or another version than was seen: refused', () => {
    expect(given().when(change({}))).toThrow(TenantNotFound);
    expect(given(created, deleted).when(change({}))).toThrow(TenantNotFound);
    expect(given(created).when(change({}, 2))).toThrow(TenantVersionConflict);
  });
});

describe('deleting a tenant', () => {
  it('given one: it is deleted, and its version goes on', () => {
    expect(given(created).when(remove(1))()).toEqual([deleted]);
    expect(given(created, deleted).state).toEqual({ kind: 'deleted', id: 'acme', version: 2 });
  });

  it('the tenant default cannot be deleted', () => {
    const own: TenantEvent = { ...created, tenant: 'default' };
    expect(given(own).when({ ...remove(), tenant: 'default' })).toThrow(TenantIsPermanent);
  });

  it('given none or another version: refused', () => {
    expect(given().when(remove())).toThrow(TenantNotFound);
    expect(given(created).when(remove(7))).toThrow(TenantVersionConflict);
  });
});
