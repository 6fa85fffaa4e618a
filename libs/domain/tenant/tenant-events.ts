import type { TenantId } from '../ids.js';
import type { TenantDefinition } from './tenant.js';

/** What the ledger says of a tenant. */
export type TenantEvent = TenantCreated | TenantChanged | TenantDeleted;

interface Decided {
  tenant: TenantId;
  /** Who decided. */
  actor: string;
  /** Milliseconds since 1970. */
  at: number;
}

export interface TenantCreated extends Decided {
  type: 'tenant.created';
  data: TenantDefinition;
}

/** What changed, with its new values. */
export interface TenantChanged extends Decided {
  type: 'tenant.changed';
  data: Partial<TenantDefinition>;
}

export interface TenantDeleted extends Decided {
  type: 'tenant.deleted';
  data: Record<never, never>;
}
