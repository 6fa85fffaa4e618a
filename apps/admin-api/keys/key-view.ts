import { OF_NO_TENANT } from '#domain';
import type { KeyRow } from '#persistence';
import type { KeyView } from './key-schemas.js';

/** What the API shows of a key. */
export function keyViewOf(row: KeyRow): KeyView {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    tenant: row.tenant === OF_NO_TENANT ? null : row.tenant,
    expires_at: row.expires_at?.toISOString() ?? null,
    last_used_at: row.last_used_at?.toISOString() ?? null,
    revoked_at: row.revoked_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  };
}
