import { firstIdAt, timeOfId, type EventId, type TenantId, type WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import { CursorError, decodeCursor, type Page, type PageRequest } from '../page.js';
import { retainedSince } from '../retention/retained-since.js';
import { isOpen, type DeliveryRow, type DeliveryStatus } from './delivery-row.js';
import { lookThrough, type Looked } from './look-through.js';
import { knownDays } from './past-indexes.js';
import { AHEAD_MS, beginningOfDay, endOfDay, stretchesOf, type Stretch } from './stretches.js';

export interface DeliveryFilter {
  webhook_id?: WebhookId | undefined;
  event_id?: EventId | undefined;
  event_type?: string | undefined;
  status?: DeliveryStatus | undefined;
  /** Of the last response. */
  status_code?: number | undefined;
  /** Created at this time or later. */
  since?: Date | undefined;
  /** Created before this time. */
  until?: Date | undefined;
}

/** What no index of a day knows that is not over; the first tells most. */
const LOOKED_FOR = ['status_code', 'status', 'event_type'] as const;
type LookedFor = (typeof LOOKED_FOR)[number];

/**
 * A tenant's deliveries, newest first, as far back as its record is kept. Ids
 * sort by time, so the order by id is the order by time. What no index serves
 * is looked for through the rows for a bounded time: a page may be short, even
 * empty, and not the last (lookThrough).
 * @throws CursorError
 */
export async function listDeliveries(
  dataSource: DataSource,
  tenant: TenantId,
  filter: DeliveryFilter,
  { limit, cursor }: PageRequest,
): Promise<Page<DeliveryRow>> {
  const after = decodeCursor('deliveries', cursor, 1);
  const before = after && timeOfId(after[0] ?? '');
  if (after && before === undefined) throw new CursorError('The cursor is not one that this list gave.');
  const now = Date.now();
  const from = Math.max(filter.since?.getTime() ?? 0, await keptSince(dataSource, tenant, filter, now));
  const to = Math.min(
    filter.until?.getTime() ?? now + AHEAD_MS,
    before === undefined ? Infinity : before + 1,
  );
  const { indexedDays: days } = await knownDays(dataSource);
  const search = searchOf(filter);
  const stretches = stretchesOf(
    from,
    to,
    (day) => search.goesByPastIndex === false || days.deliveries.has(day),
  );
  const wayOf = ({ indexed }: Stretch): Way => (indexed ? search.where.indexed : search.where.open);
  return lookThrough<DeliveryRow>(stretches, {
    list: 'deliveries',
    limit,
    after,
    isServed: stretches.every((stretch) => wayOf(stretch) === 'served'),
    keyOf: (row) => [row.id],
    keyAt: (time) => [firstIdAt('dlv', time)],
    look: async (stretch, place, wanted, portion) => {
      const way = wayOf(stretch);
      const rows = way === 'served' ? wanted : portion;
      const { text, values } = deliveriesStatement(tenant, filter, stretch, place?.[0], way, rows);
      return lookedAt(way, await dataSource.query<Seen[]>(text, values), wanted, portion);
    },
  });
}

/** What is open is shown however old it is: it stays on record until it ends. */
async function keptSince(
  dataSource: DataSource,
  tenant: TenantId,
  { status }: DeliveryFilter,
  now: number,
): Promise<number> {
  const kept = (await retainedSince(dataSource, tenant, now)).getTime();
  return status && isOpen({ status }) ? Math.min(kept, (await knownDays(dataSource)).oldest ?? kept) : kept;
}

/**
 * - `served`: an index gives the rows that are wanted
 * - a column: the rows are looked at that an index of past days gives for this one
 * - `walked`: the rows of the tenant, or of the webhook, are looked at
 */
export type Way = 'served' | 'walked' | LookedFor;

interface Search {
  /** Whether days with the indexes of past days are looked through in another way than days without. */
  goesByPastIndex: boolean;
  where: { indexed: Way; open: Way };
}

function searchOf(filter: DeliveryFilter): Search {
  const everywhere = (way: Way): Search => ({ goesByPastIndex: false, where: { indexed: way, open: way } });
  const looksFor = LOOKED_FOR.filter((column) => filter[column] !== undefined);
  if (looksFor.length === 0 || filter.event_id !== undefined) return everywhere('served');
  // What nearly all are is in no index, and found at once without: what succeeded, and a webhook's event type.
  const telling = looksFor.filter((column) =>
    column === 'event_type'
      ? filter.webhook_id === undefined
      : filter[column] !== 'success' && filter[column] !== 200,
  );
  const [first] = telling;
  if (first === undefined) return everywhere('walked');
  return {
    goesByPastIndex: true,
    where: { indexed: looksFor.length === 1 ? 'served' : first, open: 'walked' },
  };
}

type Seen = DeliveryRow & { place: string; found: boolean };

function lookedAt(way: Way, seen: Seen[], wanted: number, portion: number): Looked<DeliveryRow> {
  const rows = seen.filter(({ found }) => found).map(({ place: _place, found: _found, ...row }) => row);
  const last = seen.at(-1);
  const isThrough = way === 'served' || Number(last?.place) !== portion || !last;
  return { rows: rows.slice(0, wanted), goesOnAfter: isThrough ? null : [last.id] };
}

/**
 * The statement for a stretch. Where it is served, it gives so many rows that
 * are wanted; elsewhere it looks at so many, and gives what it found and the
 * last row that it saw.
 */
export function deliveriesStatement(
  tenant: TenantId,
  filter: DeliveryFilter,
  { from, to }: Pick<Stretch, 'from' | 'to'>,
  after: string | undefined,
  way: Way,
  rows: number,
): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const equals = (columns: readonly (keyof DeliveryFilter)[]) =>
    columns
      .filter((column) => filter[column] !== undefined)
      .map((column) => `${column} = ${value(filter[column])}`);
  const where = [
    `tenant = ${value(tenant)}`,
    // This chooses the days. Within them the indexes go by id, which carries the time; were the
    // planner told both of the same hour, it would multiply them, and expect next to nothing.
    `created_at >= ${value(new Date(beginningOfDay(from)))}`,
    `created_at < ${value(new Date(endOfDay(to)))}`,
    `id >= ${value(firstIdAt('dlv', from))}`,
    `id < ${value(after ?? firstIdAt('dlv', to))}`,
    ...equals(['webhook_id', 'event_id']),
    ...equals(LOOKED_FOR.filter((column) => way === 'served' || way === column)),
  ];
  if (way === 'served')
    return {
      text: `SELECT *, 0 AS place, true AS found FROM deliveries
              WHERE ${where.join(' AND ')} ORDER BY id DESC LIMIT ${rows}`,
      values,
    };
  const found = equals(LOOKED_FOR.filter((column) => way !== column));
  const text = `
    SELECT * FROM (
      SELECT *, row_number() OVER (ORDER BY id DESC) AS place, (${found.join(' AND ')}) IS TRUE AS found
        FROM (SELECT * FROM deliveries WHERE ${where.join(' AND ')} ORDER BY id DESC LIMIT ${rows}) AS portion
    ) AS seen
    WHERE found OR place = ${rows}
    ORDER BY place`;
  return { text, values };
}
