import type { KeyId, TenantId } from '#domain';
import { In, type DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { KeyRow } from './key-row.js';

/** A key of one of these tenants (an operator sees those of no tenant too); null when they have none with this id. */
export async function findKey(
  dataSource: DataSource,
  tenants: TenantId[],
  id: KeyId,
): Promise<KeyRow | null> {
  return dataSource.manager.findOneBy(KeyRow, { tenant: In(tenants), id });
}

/**
 * The keys of these tenants, newest first.
 * @throws CursorError
 */
export async function listKeys(
  dataSource: DataSource,
  tenants: TenantId[],
  { limit, cursor }: PageRequest,
): Promise<Page<KeyRow>> {
  const query = dataSource.manager
    .createQueryBuilder(KeyRow, 'key')
    .where('key.tenant = ANY(:tenants)', { tenants })
    .orderBy('key.id', 'DESC')
    .limit(limit + 1);
  const after = decodeCursor('keys', cursor, 1);
  if (after) query.andWhere('key.id < :after', { after: after[0] });
  return pageOf('keys', await query.getMany(), limit, (row) => [row.id]);
}

/**
 * The key with this id, of whatever tenant: the one question that is asked
 * before it is known who asks.
 */
export async function keyToCheck(dataSource: DataSource, id: KeyId): Promise<KeyRow | null> {
  return dataSource.manager.findOneBy(KeyRow, { id });
}

/** Writes when keys were last used; an earlier time never replaces a later one. */
export async function noteKeyUse(dataSource: DataSource, uses: { id: KeyId; at: Date }[]): Promise<void> {
  await dataSource.query(
    `UPDATE keys SET last_used_at = used.at
     FROM unnest($1::text[], $2::timestamptz[]) AS used (id, at)
     WHERE keys.id = used.id AND (last_used_at IS NULL OR last_used_at < used.at)`,
    [uses.map(({ id }) => id), uses.map(({ at }) => at.toISOString())],
  );
}
