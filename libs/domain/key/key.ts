import type { KeyId, TenantId } from '../ids.js';

/**
 * - `operator`: everything, in every tenant; belongs to none
 * - `admin`: everything in its tenant
 * - `publisher`: publishes events in its tenant, nothing else
 * - `viewer`: reads in its tenant
 */
export type Role = 'operator' | 'admin' | 'publisher' | 'viewer';
export const ROLES: readonly [Role, ...Role[]] = ['operator', 'admin', 'publisher', 'viewer'];

/** In place of a tenant, for the keys of operators. No tenant can have this name. */
export const OF_NO_TENANT: TenantId = '';

export interface KeyDefinition {
  name: string;
  role: Role;
  /** Milliseconds since 1970; null for a key that does not expire. */
  expires_at: number | null;
}

export type KeyState = { kind: 'none'; version: 0 } | IssuedKey;

export interface IssuedKey extends KeyDefinition {
  kind: 'issued';
  id: KeyId;
  /** OF_NO_TENANT for an operator's. */
  tenant: TenantId;
  /** Events in its ledger so far; the ETag. */
  version: number;
  /** Milliseconds since 1970; null while it is valid. */
  revoked_at: number | null;
  created_at: number;
}

export const NO_KEY: KeyState = { kind: 'none', version: 0 };

/** The bounds of a key's fields, both ends included. */
export const KEY_LIMITS = { name: { min: 1, max: 200 } } as const;
