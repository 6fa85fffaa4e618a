import type { DeliveryId, TenantId } from '#domain';
import {
  CursorError,
  decodeCursor,
  encodeCursor,
  exportedAttempts,
  exportedDeliveries,
  exportedEvents,
  type AttemptRow,
  type DataSource,
  type DeliveryRow,
  type EventRow,
  type ExportRange,
} from '#persistence';
import { attemptViewOf, deliverySummaryOf } from '../deliveries/delivery-view.js';
import { eventSummaryOf } from '../events/event-view.js';
import { jsonObject, RawJson } from '../http/raw-json.js';
import { csvLine } from './csv.js';

export type ExportFormat = 'ndjson' | 'csv';
export type Exported = 'events' | 'deliveries' | 'attempts';

export interface WantedExport extends ExportRange {
  format: ExportFormat;
  /** The cursor of the last line that is there already. */
  after?: string | undefined;
}

/** A line as its members, in the order of columns; JSON text stands in a RawJson. */
type Line = Record<string, unknown>;

interface Kind<Row> {
  line: (row: Row) => Line;
  /** The columns of CSV, and what stands in them. */
  columns: readonly string[];
  cells: (row: Row) => Line;
  /** What a cursor is made of. */
  key: (row: Row) => string[];
  /** @throws CursorError */
  portions: (
    database: DataSource,
    tenant: TenantId,
    range: ExportRange,
    key: string[] | undefined,
  ) => AsyncGenerator<Row[]>;
}

function eventLine(row: EventRow): Line {
  return {
    ...eventSummaryOf(row),
    data: row.status === 'accepted' ? raw(row.data) : null,
    metadata: raw(row.metadata),
    excerpt: row.status === 'accepted' ? null : raw(row.data),
  };
}

const EVENTS: Kind<EventRow> = {
  columns: [
    ...['id', 'type', 'status', 'reason', 'timestamp', 'accepted_at', 'match_count'],
    ...['data', 'metadata', 'excerpt'],
  ],
  line: eventLine,
  cells: eventLine,
  key: ({ accepted_at, id }) => [String(accepted_at.getTime()), id],
  portions: (database, tenant, range, key) =>
    exportedEvents(database, tenant, range, key && { at: timeOf(key[0]), id: key[1] ?? '' }),
};

function deliveryLine(row: DeliveryRow): Line {
  return { ...deliverySummaryOf(row), status_code: row.status_code };
}

const DELIVERIES: Kind<DeliveryRow> = {
  columns: [
    ...['id', 'event_id', 'event_type', 'webhook_id', 'status', 'attempt_count', 'next_attempt_at'],
    ...['created_at', 'completed_at', 'reason', 'status_code'],
  ],
  line: deliveryLine,
  cells: deliveryLine,
  key: ({ id }) => [id],
  portions: (database, tenant, range, key) => exportedDeliveries(database, tenant, range, key?.[0]),
};

const ATTEMPTS: Kind<AttemptRow> = {
  columns: [
    ...['id', 'delivery_id', 'number', 'trigger', 'started_at', 'duration_ms', 'method', 'url'],
    ...['request_headers', 'request_body', 'response_status', 'response_headers', 'response_body'],
    ...['response_truncated', 'error_kind', 'error_message', 'console'],
  ],
  cells: (row) => ({ ...row, started_at: row.started_at.toISOString() }),
  line: (row) => {
    const { id, ...view } = attemptViewOf(row);
    return { id, delivery_id: row.delivery_id, ...view };
  },
  key: ({ delivery_id, id }) => [delivery_id, id],
  portions: (database, tenant, range, key) =>
    exportedAttempts(
      database,
      tenant,
      range,
      key && { delivery: key[0] as DeliveryId, attempt: key[1] ?? '' },
    ),
};

/**
 * The text of an export, the oldest line first, in portions of about a megabyte.
 * Each line begins with its cursor, and is whole with its end.
 * @throws CursorError at the first portion
 */
export function exportedLines(
  database: DataSource,
  tenant: TenantId,
  what: Exported,
  wanted: WantedExport,
): AsyncGenerator<string> {
  switch (what) {
    case 'events':
      return linesOf(database, tenant, what, EVENTS, wanted);
    case 'deliveries':
      return linesOf(database, tenant, what, DELIVERIES, wanted);
    case 'attempts':
      return linesOf(database, tenant, what, ATTEMPTS, wanted);
  }
}

async function* linesOf<Row>(
  database: DataSource,
  tenant: TenantId,
  what: Exported,
  kind: Kind<Row>,
  { format, after, ...range }: WantedExport,
): AsyncGenerator<string> {
  const list = `export.${what}`;
  const { columns, cells, line, key } = kind;
  const known = decodeCursor(list, after, what === 'deliveries' ? 1 : 2);
  const portions = kind.portions(database, tenant, range, known);
  // Who goes on has the names of the columns already.
  let text = format === 'csv' && after === undefined ? csvLine(['cursor', ...columns]) : '';
  for await (const rows of portions) {
    for (const row of rows) {
      const cursor = encodeCursor(list, key(row));
      text +=
        format === 'csv' ? csvLine([cursor, ...fields(columns, cells(row))]) : jsonLine(cursor, line(row));
    }
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/**
 * JSON text that may stand in a line: publishers may write their data in
 * several, and what ends a line there is never within a string.
 */
function raw(text: string | null): RawJson | null {
  return text === null ? null : new RawJson(text.replace(/[\r\n]+/g, ' '));
}

function jsonLine(cursor: string, line: Line): string {
  return `${jsonObject({ cursor, ...line })}\n`;
}

function fields(columns: readonly string[], cells: Line): unknown[] {
  return columns.map((column) => {
    const value = cells[column];
    return value instanceof RawJson ? value.text : value;
  });
}

/** @throws CursorError */
function timeOf(text: string | undefined): Date {
  const ms = Number(text);
  if (Number.isSafeInteger(ms) && ms >= 0 && ms <= 8.64e15) return new Date(ms);
  throw new CursorError('The cursor is not one that this export gave.');
}
