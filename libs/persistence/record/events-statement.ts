import { isEventType, type TenantId } from '#domain';
import { SEARCHED } from './past-indexes.js';
import type { Stretch } from './stretches.js';
import { tellingPieces } from './telling-pieces.js';

export interface EventFilter {
  /** An event type, or a pattern of them. */
  type?: string | undefined;
  /** Part of the id, the type or the data, in any case. */
  q?: string | undefined;
  /** Accepted at this time or later. */
  since?: Date | undefined;
  /** Accepted before this time. */
  until?: Date | undefined;
}

/** A place in the list: newest first, so what comes after is older. */
export interface EventPlace {
  at: Date;
  id: string;
}

/**
 * - `listed`: in the order of an index that knows the filter
 * - `looked_up`: a text by its index, and then put in order
 * - `walked`: the next portion in the order of the list, each row looked at
 */
export type Way = 'listed' | 'looked_up' | 'walked';

const SUMMARY = 'tenant, id, accepted_at, type, timestamp, status, reason, match_count';
const ORDER = 'ORDER BY accepted_at DESC, id DESC';

/**
 * The statement for a stretch. Walking, it looks at so many rows, and gives what it
 * found and the last that it saw, with its place; the other ways give so many that are wanted.
 */
export function eventsStatement(
  tenant: TenantId,
  filter: EventFilter,
  { from, to }: Pick<Stretch, 'from' | 'to'>,
  place: EventPlace | undefined,
  way: Way,
  rows: number,
): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const where = [
    `tenant = ${value(tenant)}`,
    `accepted_at >= ${value(new Date(from))}`,
    `accepted_at < ${value(new Date(to))}`,
  ];
  if (place) where.push(`(accepted_at, id) < (${value(place.at)}::timestamptz, ${value(place.id)})`);
  if (filter.type && isEventType(filter.type)) where.push(`type = ${value(filter.type)}`);
  const found = ['true'];
  if (filter.type && !isEventType(filter.type)) found.push(`type ~ ${value(patternText(filter.type))}`);
  if (filter.q && way === 'looked_up')
    where.push(...tellingPieces(filter.q).map((piece) => `${SEARCHED} ILIKE ${value(`%${piece}%`)}`));
  // With nothing appended the index would be asked for all of the text.
  if (filter.q) found.push(`(${SEARCHED} || '') ILIKE ${value(`%${filter.q.replace(/[\\%_]/g, '\\$&')}%`)}`);
  const wholeList = `FROM events WHERE ${[...where, ...found].join(' AND ')}`;
  if (way === 'listed')
    return {
      text: `SELECT ${SUMMARY}, 0 AS place, true AS found ${wholeList} ${ORDER} LIMIT ${rows}`,
      values,
    };
  // Were the rows found where the limit is known, the planner would walk.
  if (way === 'looked_up')
    return {
      text: `WITH hits AS MATERIALIZED (SELECT ${SUMMARY} ${wholeList})
             SELECT *, 0 AS place, true AS found FROM hits ${ORDER} LIMIT ${rows}`,
      values,
    };
  const text = `
    SELECT ${SUMMARY}, place, found FROM (
      SELECT *, row_number() OVER (${ORDER}) AS place, count(*) OVER () AS seen, ${found.join(' AND ')} AS found
        FROM (SELECT * FROM events WHERE ${where.join(' AND ')} ${ORDER} LIMIT ${rows}) AS portion) AS seen
    WHERE found OR place = seen
    ORDER BY place`;
  return { text, values };
}

/** Patterns hold letters, digits, `_`, `-`, dots and the two wildcards only (isEventTypePattern). */
function patternText(pattern: string): string {
  if (pattern === '*') return '';
  return `^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replaceAll('>', '.+')}$`;
}
