import { firstIdAt, timeOfId, type EventId, type TenantId, type WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import { CursorError, decodeCursor, type Page, type PageRequest } from '../page.js';
import { retainedSince } from '../retention/retained-since.js';
import type { DeliveryRow, DeliveryStatus } from './delivery-row.js';
import { lookThrough, type Looked } from './look-through.js';
import { indexedDays } from './past-indexes.js';
import { AHEAD_MS, stretchesOf, type Stretch } from './stretches.js';

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

/** Rows that one statement looks at where no index tells which are wanted. */
const PORTION = 1_000;
/** Served by the indexes that every day has; the rest only by those of past days. */
const ALWAYS_INDEXED = ['webhook_id', 'event_id'] as const;
const LOOKED_THROUGH = ['event_type', 'status', 'status_code'] as const;

/**
 * A tenant's deliveries, newest first, as far back as its record is kept. Ids
 * sort by time, so the order by id is the order by time. A filter that no index
 * serves yet is looked for through the rows for a bounded time: a page may be
 * short, even empty, and not the last (lookThrough).
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
  const from = Math.max(
    filter.since?.getTime() ?? 0,
    (await retainedSince(dataSource, tenant, now)).getTime(),
  );
  const to = Math.min(
    filter.until?.getTime() ?? now + AHEAD_MS,
    before === undefined ? Infinity : before + 1,
  );
  const stretches = stretchesOf(from, to, await servedDays(dataSource, filter));
  return lookThrough<DeliveryRow>(stretches, {
    list: 'deliveries',
    isServed: stretches.every(({ indexed }) => indexed),
    limit,
    after,
    keyOf: (row) => [row.id],
    keyAt: (time) => [firstIdAt('dlv', time)],
    look: async (stretch, place, wanted) => {
      const { text, values } = deliveriesStatement(tenant, filter, stretch, place?.[0], wanted);
      return lookedAt(stretch, await dataSource.query<Seen[]>(text, values), wanted);
    },
  });
}

/** On which days an index serves the filter. */
async function servedDays(dataSource: DataSource, filter: DeliveryFilter): Promise<(day: string) => boolean> {
  const looksFor = LOOKED_THROUGH.filter((column) => filter[column] !== undefined);
  if (looksFor.length === 0 || filter.event_id !== undefined) return () => true;
  // What nearly all are is in no index, and found at once without.
  const isCommon = looksFor.every((column) => filter[column] === 'success' || filter[column] === 200);
  if (isCommon) return () => false;
  const days = await indexedDays(dataSource, 'deliveries');
  return (day) => days.has(day);
}

type Seen = DeliveryRow & { place: string; found: boolean };

function lookedAt(stretch: Stretch, seen: Seen[], wanted: number): Looked<DeliveryRow> {
  const rows = seen.filter(({ found }) => found).map(({ place: _place, found: _found, ...row }) => row);
  const last = seen.at(-1);
  const isThrough = stretch.indexed || Number(last?.place) !== PORTION || !last;
  const goesOnAfter = isThrough ? null : [last.id];
  return { rows: rows.slice(0, wanted), goesOnAfter };
}

/**
 * The statement for a stretch. Where it is indexed, it gives the rows that are
 * wanted; elsewhere it looks at the next portion, and gives what it found and
 * the last row that it saw.
 */
export function deliveriesStatement(
  tenant: TenantId,
  filter: DeliveryFilter,
  { from, to, indexed }: Stretch,
  after: string | undefined,
  wanted: number,
): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const equals = (columns: readonly (keyof DeliveryFilter)[]) =>
    columns
      .filter((column) => filter[column] !== undefined)
      .map((column) => `${column} = ${value(filter[column])}`);
  const where = [
    `tenant = ${value(tenant)}`,
    `created_at >= ${value(new Date(from))}`,
    `created_at < ${value(new Date(to))}`,
    ...equals(ALWAYS_INDEXED),
  ];
  if (after !== undefined) where.push(`id < ${value(after)}`);
  const found = equals(LOOKED_THROUGH);
  if (indexed)
    return {
      text: `SELECT *, 0 AS place, true AS found FROM deliveries
              WHERE ${[...where, ...found].join(' AND ')} ORDER BY id DESC LIMIT ${wanted}`,
      values,
    };
  const text = `
    SELECT * FROM (
      SELECT *, row_number() OVER (ORDER BY id DESC) AS place, (${found.join(' AND ')}) IS TRUE AS found
        FROM (SELECT * FROM deliveries WHERE ${where.join(' AND ')} ORDER BY id DESC LIMIT ${PORTION}) AS portion
    ) AS seen
    WHERE found OR place = ${PORTION}
    ORDER BY place`;
  return { text, values };
}
