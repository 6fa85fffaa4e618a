import { patternsThatMatch, type TenantId, type WebhookStatus } from '#domain';
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
 * Types of as many segments are looked for by all the patterns that match, at
 * most 32; of more, the patterns become so many (twice as many with each
 * segment) that comparing them takes longer than a regular expression.
 */
const LISTED_SEGMENTS = 4;

/** The condition that one of a webhook's patterns matches, and its parameters. */
function listensTo(type: string): [string, object] {
  const segments = type.split('.');
  return segments.length <= LISTED_SEGMENTS
    ? ['webhook.event_types && :patterns', { patterns: patternsThatMatch(type) }]
    : [`array_to_string(webhook.event_types, ' ') ~ :matching`, { matching: patternsAsExpression(segments) }];
}

/** Finds the patterns between spaces. Segments hold letters, digits, `_` and `-` only, which stand for themselves. */
const patternsAsExpression = (segments: string[]): string =>
  `(^| )(\\*|${segments.reduceRight((rest, segment) => `(>|(${segment}|\\*)${rest && `\\.${rest}`})`, '')})( |$)`;

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
  if (filter.event_type) query.andWhere(...listensTo(filter.event_type));
  if (filter.tag) query.andWhere('webhook.tags @> ARRAY[:tag]', { tag: filter.tag });
  if (filter.q) {
    const part = `%${filter.q.replace(/[\\%_]/g, '\\$&')}%`;
    query.andWhere('(webhook.name ILIKE :part OR webhook.url ILIKE :part)', { part });
  }
  return pageOf('webhooks', await query.getMany(), limit, (row) => [row.id]);
}
