import type { KeyId, TenantId } from '../ids.js';
import type { KeyDefinition } from './key.js';

/** What the ledger says of a key: neither the key nor its hash. */
export type KeyEvent = KeyIssued | KeyRevoked;

interface Decided {
  tenant: TenantId;
  key: KeyId;
  /** Who decided. */
  actor: string;
  /** Milliseconds since 1970. */
  at: number;
}

export interface KeyIssued extends Decided {
  type: 'key.issued';
  data: KeyDefinition;
}

export interface KeyRevoked extends Decided {
  type: 'key.revoked';
  data: Record<never, never>;
}
