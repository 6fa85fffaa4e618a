import { isEventType, type TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { decodeCursor, type Page, type PageRequest } from '../page.js';
import { retainedSince } from '../retention/retained-since.js';
import type { EventRow } from './event-row.js';
import { lookThrough, type Looked } from './look-through.js';
import { knownDays } from './past-indexes.js';
import { eventsStatement, type EventFilter, type EventPlace, type Way } from './events-statement.js';
import { tellingPieces } from './telling-pieces.js';
import { AHEAD_MS, stretchesOf, type Stretch } from './stretches.js';

export type { EventFilter } from './events-statement.js';

/** An event without what it carries, which may be large. */
export type EventSummaryRow = Omit<EventRow, 'data' | 'metadata' | 'sequence'>;

/** Of so many that were looked at at least, so many were what is wanted: the next page is full sooner without the index. */
const ENOUGH_SEEN = 500;
const FREQUENT = 0.01;
/** Where fewer rows are to be expected, walking through them costs no more than the index. */
const WORTH_LOOKING_UP = 500;

/**
 * A tenant's events, newest first, as far back as its record is kept. A text or
 * a pattern of types is looked for through the rows for a bounded time: a page
 * may be short, even empty, and not the last (lookThrough). On days that are
 * over, an index finds texts that are rare.
 * @throws CursorError
 */
export async function listEvents(
  dataSource: DataSource,
  tenant: TenantId,
  filter: EventFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<EventSummaryRow>> {
  const after = decodeCursor('events', cursor, 2);
  const now = Date.now();
  const from = Math.max(
    filter.since?.getTime() ?? 0,
    (await retainedSince(dataSource, tenant, now)).getTime(),
  );
  const to = Math.min(filter.until?.getTime() ?? now + AHEAD_MS, after ? Number(after[0]) + 1 : Infinity);
  const isPattern = filter.type !== undefined && !isEventType(filter.type);
  const isListed = filter.q === undefined && !isPattern;
  const days = isListed ? undefined : (await knownDays(dataSource)).indexedDays.events;
  const hasIndex = filter.q !== undefined && tellingPieces(filter.q).length > 0;
  const search: Search = { seen: 0, overMs: 0, found: 0, isFrequent: false };
  return lookThrough<EventSummaryRow>(
    isListed
      ? stretchesOf(from, to, () => true)
      : stretchesOf(from, to, (day) => hasIndex && days?.has(day) === true, LOOKED_UP_DAYS),
    {
      list: 'events',
      isServed: isListed,
      limit,
      after,
      keyOf,
      keyAt: (time) => [String(time), ''],
      look: async (stretch, key, wanted, portion) => {
        const statement = (way: Way, rows: number) =>
          eventsStatement(tenant, filter, stretch, placeOf(key), way, rows);
        if (!isListed && wayOf(stretch, search) === 'looked_up') {
          const hits = await lookUp(dataSource, statement('looked_up', wanted));
          if (hits) return lookedAt('looked_up', hits, wanted, portion);
          search.isFrequent = true;
        }
        const way = isListed ? 'listed' : 'walked';
        const { text, values } = statement(way, isListed ? wanted : portion);
        const looked = lookedAt(way, await dataSource.query<Seen[]>(text, values), wanted, portion);
        search.seen += looked.seen;
        search.overMs += timeOf(key, Math.min(stretch.to, now)) - timeOf(looked.goesOnAfter, stretch.from);
        search.found += looked.rows.length;
        return looked;
      },
    },
  );
}

interface Search {
  /** Rows that were looked at, over how long a time they lie, in milliseconds, and how many of them were wanted. */
  seen: number;
  overMs: number;
  found: number;
  /** Known otherwise to be too frequent for the index. */
  isFrequent: boolean;
}

/** An index gives the hits of whole days; of a shorter time than this, walking looks at fewer rows. */
const SHORT_MS = 2 * 3_600_000;

/** What is frequent is found soonest in the order of the list, what is rare by the index. */
function wayOf({ indexed, from, to }: Stretch, { seen, overMs, found, isFrequent }: Search): Way {
  if (!indexed || isFrequent || to - from < SHORT_MS) return 'walked';
  const isRare = seen >= ENOUGH_SEEN && found < FREQUENT * seen;
  return isRare && (seen / overMs) * (to - from) >= WORTH_LOOKING_UP ? 'looked_up' : 'walked';
}

/** A text is looked up in so many days at once: each costs some milliseconds, more where the index is not in memory. */
const LOOKED_UP_DAYS = 2;
/** Looking a text up takes so long at most. */
const LOOK_UP_MS = 200;
const QUERY_CANCELED = '57014';

/** @returns undefined where there are too many hits: they were rare in the newest rows alone */
async function lookUp(
  dataSource: DataSource,
  { text, values }: { text: string; values: unknown[] },
): Promise<Seen[] | undefined> {
  try {
    return await dataSource.transaction(async (manager) => {
      await manager.query(`SET LOCAL statement_timeout = ${LOOK_UP_MS}`);
      return manager.query<Seen[]>(text, values);
    });
  } catch (error) {
    if ((error as { code?: unknown }).code === QUERY_CANCELED) return undefined;
    throw error;
  }
}

type Seen = EventSummaryRow & { place: string; found: boolean };

function lookedAt(
  way: Way,
  seen: Seen[],
  wanted: number,
  portion: number,
): Looked<EventSummaryRow> & { seen: number } {
  const rows = seen.filter(({ found }) => found).map(({ place: _place, found: _found, ...row }) => row);
  const last = seen.at(-1);
  const count = Number(last?.place ?? 0);
  const isThrough = way !== 'walked' || count < portion || !last;
  return { rows: rows.slice(0, wanted), goesOnAfter: isThrough ? null : keyOf(last), seen: count };
}

function keyOf({ accepted_at, id }: Pick<EventSummaryRow, 'accepted_at' | 'id'>): string[] {
  return [String(accepted_at.getTime()), id];
}

/** @returns milliseconds since 1970 */
function timeOf(key: string[] | null | undefined, otherwise: number): number {
  return key ? Number(key[0]) : otherwise;
}

function placeOf(key: string[] | undefined): EventPlace | undefined {
  return key && { at: new Date(Number(key[0])), id: key[1] ?? '' };
}
