import { isEventType, type TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, pageAfter, type Page, type PageRequest } from '../page.js';
import type { EventRow } from './event-row.js';

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

/** An event without what it carries, which may be large. */
export type EventSummaryRow = Omit<EventRow, 'data' | 'metadata' | 'sequence'>;

const DAY_MS = 86_400_000;
/** Events that one statement looks at, and the time after which no further statement is begun. */
const PORTION = 500;
const BUDGET_MS = 25;

/** A place in the list: newest first, so what comes after is older. */
interface Place {
  at: Date;
  id: string;
}

type Seen = EventSummaryRow & { place: string; found: boolean };

/**
 * Looks through a tenant's events, newest first, for what no index knows: a
 * text in id, type or data, or a pattern of types. It looks for a bounded time,
 * whatever there is to look through, and then gives what it found with a cursor
 * from which to look on; so a page may be short, even empty, and not the last.
 * Without `since`, what was accepted in the day before `until`, or before now.
 * @throws CursorError
 */
export async function searchEvents(
  dataSource: DataSource,
  tenant: TenantId,
  filter: EventFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<EventSummaryRow>> {
  const until = filter.until ?? new Date();
  const since = filter.since ?? new Date(until.getTime() - DAY_MS);
  const after = decodeCursor('events', cursor, 2);
  let place: Place | undefined = after && { at: new Date(Number(after[0])), id: after[1] ?? '' };
  const enough = performance.now() + BUDGET_MS;
  const rows: EventSummaryRow[] = [];
  for (;;) {
    const { text, values } = searchStatement(tenant, { ...filter, since }, place);
    const seen = await dataSource.query<Seen[]>(text, values);
    for (const { place: _place, found, ...row } of seen) {
      if (!found) continue;
      rows.push(row);
      if (rows.length === limit) return pageAfter('events', rows, keyOf(row));
    }
    const last = seen.at(-1);
    if (Number(last?.place) !== PORTION || !last) return { rows, nextCursor: null };
    if (performance.now() > enough) return pageAfter('events', rows, keyOf(last));
    place = { at: last.accepted_at, id: last.id };
  }
}

/** The key by which a list of events goes on. */
export function keyOf({ accepted_at, id }: Pick<EventSummaryRow, 'accepted_at' | 'id'>): string[] {
  return [String(accepted_at.getTime()), id];
}

/** The statement that looks at the next portion: it gives what it found, and the last that it saw. */
export function searchStatement(tenant: TenantId, filter: EventFilter, place: Place | undefined) {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const where = [`tenant = ${value(tenant)}`];
  if (filter.since) where.push(`accepted_at >= ${value(filter.since)}`);
  if (filter.until) where.push(`accepted_at < ${value(filter.until)}`);
  if (place) {
    const at = value(place.at);
    // The first condition says less than the second, but prunes partitions.
    where.push(
      `accepted_at <= ${at}::timestamptz`,
      `(accepted_at, id) < (${at}::timestamptz, ${value(place.id)})`,
    );
  }
  const found = ['true'];
  if (filter.type && isEventType(filter.type)) where.push(`type = ${value(filter.type)}`);
  else if (filter.type) found.push(`type ~ ${value(patternText(filter.type))}`);
  if (filter.q) {
    const part = value(`%${filter.q.replace(/[\\%_]/g, '\\$&')}%`);
    found.push(`(id ILIKE ${part} OR type ILIKE ${part} OR data ILIKE ${part})`);
  }
  const text = `
    SELECT tenant, id, accepted_at, type, timestamp, status, reason, match_count, place, found
    FROM (
      SELECT *, row_number() OVER (ORDER BY accepted_at DESC, id DESC) AS place, ${found.join(' AND ')} AS found
      FROM (SELECT * FROM events WHERE ${where.join(' AND ')}
            ORDER BY accepted_at DESC, id DESC LIMIT ${PORTION}) AS portion) AS seen
    WHERE found OR place = ${PORTION}
    ORDER BY place`;
  return { text, values };
}

/** Patterns hold letters, digits, `_`, `-`, dots and the two wildcards only (isEventTypePattern). */
function patternText(pattern: string): string {
  if (pattern === '*') return '';
  return `^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replaceAll('>', '.+')}$`;
}
