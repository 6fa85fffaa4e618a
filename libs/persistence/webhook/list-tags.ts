import type { TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { WebhookTagRow } from './webhook-tag-row.js';

export type TagCount = Pick<WebhookTagRow, 'tag' | 'webhooks'>;

/**
 * The tags of a tenant's webhooks, in the order of their characters.
 * @throws CursorError
 */
export async function listTags(
  dataSource: DataSource,
  tenant: TenantId,
  page: PageRequest,
): Promise<Page<TagCount>> {
  const found = await tagsStatement(dataSource, tenant, page).getMany();
  return pageOf(
    'tags',
    found.map(({ tag, webhooks }) => ({ tag, webhooks })),
    page.limit,
    ({ tag }) => [tag],
  );
}

/** @throws CursorError */
export function tagsStatement(dataSource: DataSource, tenant: TenantId, { limit, cursor }: PageRequest) {
  const after = decodeCursor('tags', cursor, 1)?.[0] ?? '';
  return dataSource.manager
    .createQueryBuilder(WebhookTagRow, 'known')
    .where('known.tenant = :tenant AND known.tag > :after', { tenant, after })
    .orderBy('known.tag')
    .limit(limit + 1);
}
