import type { TenantId, WebhookStatus } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';
import { WebhookRow } from './webhook-row.js';

export interface WebhookFilter {
  status?: WebhookStatus | undefined;
  /** Webhooks that would get an event of this type. */
  event_type?: string | undefined;
  /** Webhooks that have this tag. */
  tag?: string | undefined;
  /** Part of the name or the URL, in any case. */
  q?: string | undefined;
}

/**
 * Patterns hold letters, digits, `_`, `-`, dots and the two wildcards only
 * (isEventTypePattern), so these replacements make a sound regular expression.
 * PostgreSQL remembers only 32 of them, so no more are made than for the
 * patterns whose first segment fits (bench/control-plane).
 */
const PATTERN_MATCHES = `EXISTS (
  SELECT FROM unnest(webhook.event_types) AS pattern
  WHERE pattern IN ('*', '>', :type)
    OR CASE WHEN split_part(pattern, '.', 1) IN ('*', :first) AND (strpos(pattern, '*') > 0 OR strpos(pattern, '>') > 0)
       THEN :type ~ ('^' || replace(replace(replace(pattern, '.', '\\.'), '*', '[^.]+'), '>', '.+') || '$')
       ELSE false END)`;

/**
 * A tenant's webhooks, newest first.
 * @throws CursorError
 */
export async function listWebhooks(
  dataSource: DataSource,
  tenant: TenantId,
  filter: WebhookFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<WebhookRow>> {
  const query = dataSource.manager
    .createQueryBuilder(WebhookRow, 'webhook')
    .where('webhook.tenant = :tenant', { tenant })
    .orderBy('webhook.id', 'DESC')
    .limit(limit + 1);
  const after = decodeCursor('webhooks', cursor, 1);
  if (after) query.andWhere('webhook.id < :after', { after: after[0] });
  if (filter.status) query.andWhere('webhook.status = :status', { status: filter.status });
  if (filter.event_type) {
    const [first] = filter.event_type.split('.');
    query.andWhere(PATTERN_MATCHES, { type: filter.event_type, first });
  }
  if (filter.tag) query.andWhere(':tag = ANY (webhook.tags)', { tag: filter.tag });
  if (filter.q) {
    const part = `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`;
    query.andWhere('(webhook.name ILIKE :part OR webhook.url ILIKE :part)', { part });
  }
  return pageOf('webhooks', await query.getMany(), limit, (row) => [row.id]);
}
