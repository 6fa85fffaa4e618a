import type { TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';

export interface TagCount {
  tag: string;
  /** How many webhooks have it. */
  webhooks: number;
}

/**
 * The tags of a tenant's webhooks, in the order of their characters.
 * @throws CursorError
 */
export async function listTags(
  dataSource: DataSource,
  tenant: TenantId,
  { limit, cursor }: PageRequest,
): Promise<Page<TagCount>> {
  const after = decodeCursor('tags', cursor, 1)?.[0] ?? '';
  const found = await dataSource.query<TagCount[]>(
    `SELECT tag COLLATE "C" AS tag, count(*)::integer AS webhooks
     FROM webhooks, unnest(tags) AS tag
     WHERE tenant = $1 AND tag COLLATE "C" > $2
     GROUP BY 1 ORDER BY 1 LIMIT $3`,
    [tenant, after, limit + 1],
  );
  return pageOf('tags', found, limit, ({ tag }) => [tag]);
}
