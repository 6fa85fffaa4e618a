import type { DeliveryId, TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import type { AttemptRow } from '../record/attempt-row.js';
import { daysOfRecord } from '../record/day-partitions.js';
import type { DeliveryRow } from '../record/delivery-row.js';
import type { EventRow } from '../record/event-row.js';

/** The rows of a tenant that were accepted or created from `since` on and before `until`. */
export interface ExportRange {
  since: Date;
  until: Date;
}

export interface EventPlace {
  at: Date;
  id: string;
}

export interface AttemptPlace {
  delivery: DeliveryId;
  attempt: string;
}

const DAY_MS = 86_400_000;
/** What is in memory at once: so many rows, and so many bytes of payloads and one row more. */
const PORTION = 250;
const PORTION_BYTES = 1_048_576;
/** Deliveries whose attempts are looked for at once. */
const DELIVERIES = 100;

/*
 * Each portion is a statement of its own that goes on where the one before
 * ended: nothing is held between two of them, neither a snapshot nor a lock, so
 * a reader may take its time, and days may be dropped meanwhile. They go from
 * day to day, for within a day one partition is read along one index.
 */

/** A tenant's events, the oldest first, in portions. @param after the last one that is there already */
export async function* exportedEvents(
  dataSource: DataSource,
  tenant: TenantId,
  range: ExportRange,
  after?: EventPlace,
): AsyncGenerator<EventRow[]> {
  let place = after ?? { at: new Date(0), id: '' };
  for (const { since, until } of await daysIn(dataSource, range, place.at)) {
    for (;;) {
      const rows = await dataSource.query<EventRow[]>(
        portion(
          `SELECT *, coalesce(octet_length(data), 0) + coalesce(octet_length(metadata), 0) AS bytes FROM events
            WHERE tenant = $1 AND accepted_at >= $2 AND accepted_at < $3 AND (accepted_at, id) > ($4, $5)`,
          'accepted_at, id',
        ),
        [tenant, since, until, place.at, place.id],
      );
      const last = rows.at(-1);
      if (!last) break;
      place = { at: last.accepted_at, id: last.id };
      yield rows;
    }
  }
}

/** A tenant's deliveries, the oldest first, in portions. @param after the last one that is there already */
export async function* exportedDeliveries(
  dataSource: DataSource,
  tenant: TenantId,
  range: ExportRange,
  after: DeliveryId = '',
): AsyncGenerator<DeliveryRow[]> {
  let place = after;
  for (const day of await daysIn(dataSource, range)) {
    for (;;) {
      const rows = await deliveriesOf(dataSource, tenant, day, place, PORTION);
      const last = rows.at(-1);
      if (!last) break;
      place = last.id;
      yield rows;
    }
  }
}

/**
 * The attempts of a tenant's deliveries, those of the oldest delivery first, in portions.
 * @param after the last one that is there already
 */
export async function* exportedAttempts(
  dataSource: DataSource,
  tenant: TenantId,
  range: ExportRange,
  after?: AttemptPlace,
): AsyncGenerator<AttemptRow[]> {
  let place = after ?? { delivery: '', attempt: '' };
  for (const day of await daysIn(dataSource, range)) {
    for (;;) {
      const deliveries = await deliveriesOf(dataSource, tenant, day, place.delivery, DELIVERIES);
      // The one at which a portion ended may have more.
      const ids = [place.delivery, ...deliveries.map(({ id }) => id)];
      let found: AttemptRow[];
      do {
        found = await attemptsOf(dataSource, tenant, day, ids, place);
        const last = found.at(-1);
        if (!last) break;
        place = { delivery: last.delivery_id, attempt: last.id };
        yield found;
      } while (found.length > 0);
      const last = deliveries.at(-1);
      if (!last) break;
      if (last.id > place.delivery) place = { delivery: last.id, attempt: '' };
    }
  }
}

function deliveriesOf(
  dataSource: DataSource,
  tenant: TenantId,
  { since, until }: ExportRange,
  after: DeliveryId,
  most: number,
): Promise<DeliveryRow[]> {
  return dataSource.query<DeliveryRow[]>(
    `SELECT * FROM deliveries WHERE tenant = $1 AND created_at >= $2 AND created_at < $3 AND id > $4
      ORDER BY id LIMIT ${most}`,
    [tenant, since, until, after],
  );
}

function attemptsOf(
  dataSource: DataSource,
  tenant: TenantId,
  { since, until }: ExportRange,
  deliveries: readonly DeliveryId[],
  after: AttemptPlace,
): Promise<AttemptRow[]> {
  return dataSource.query<AttemptRow[]>(
    portion(
      `SELECT *, octet_length(request_body) + coalesce(octet_length(response_body), 0) + pg_column_size(request_headers)
              + coalesce(pg_column_size(response_headers), 0) + coalesce(pg_column_size(console), 0) AS bytes
         FROM attempts
        WHERE tenant = $1 AND created_at >= $2 AND created_at < $3 AND delivery_id = ANY($4)
          AND (delivery_id, id) > ($5, $6)`,
      'delivery_id, id',
    ),
    [tenant, since, until, deliveries, after.delivery, after.attempt],
  );
}

/** The first of these rows, up to so many of them and to so many bytes. */
function portion(rows: string, order: string): string {
  return `SELECT * FROM (
            SELECT *, sum(bytes) OVER (ORDER BY ${order}) - bytes AS before
              FROM (${rows} ORDER BY ${order} LIMIT ${PORTION}) AS next) AS counted
           WHERE before < ${PORTION_BYTES} ORDER BY ${order}`;
}

/** The parts of a range that lie in days of which there is a record, the oldest first. */
async function daysIn(
  dataSource: DataSource,
  { since, until }: ExportRange,
  from: Date = since,
): Promise<ExportRange[]> {
  const begin = Math.max(since.getTime(), from.getTime());
  const days = await daysOfRecord(dataSource);
  return days
    .filter((day) => day + DAY_MS > begin && day < until.getTime())
    .map((day) => ({
      since: new Date(Math.max(day, begin)),
      until: new Date(Math.min(day + DAY_MS, until.getTime())),
    }));
}
