import { goesAt, type TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { daysOfRecord } from '../record/day-partitions.js';
import { OPEN_STATUSES } from '../record/delivery-row.js';
import { retainedSince, retentionOf } from './retained-since.js';

const DAY_MS = 86_400_000;

/** The oldest day of a tenant's record, which goes next. */
export interface DayToGo {
  day: Date;
  /** From then on nothing of it is shown. */
  goesAt: Date;
  events: number;
  deliveries: number;
  /** Of these deliveries; they stay until they have ended. */
  open: number;
}

export interface Retained {
  days: number;
  since: Date;
  /** null when there is no record yet. */
  next: DayToGo | null;
}

/**
 * For how long a tenant's record is kept, and what of it goes next. Counts a
 * day's rows: for a million of them that takes a second.
 */
export async function retainedBy(
  dataSource: DataSource,
  tenant: TenantId,
  now = Date.now(),
): Promise<Retained> {
  const days = await retentionOf(dataSource, tenant);
  const since = await retainedSince(dataSource, tenant, now);
  for (const day of await daysOfRecord(dataSource)) {
    if (day < since.getTime() || day > now) continue;
    const counts = await countsOf(dataSource, tenant, day);
    if (counts.events + counts.deliveries > 0)
      return { days, since, next: { day: new Date(day), goesAt: new Date(goesAt(day, days)), ...counts } };
  }
  return { days, since, next: null };
}

async function countsOf(dataSource: DataSource, tenant: TenantId, day: number) {
  const [row] = await dataSource.query<{ events: number; deliveries: number; open: number }[]>(
    `SELECT (SELECT count(*)::float FROM events WHERE tenant = $1 AND accepted_at >= $2 AND accepted_at < $3) AS events,
            deliveries, open
       FROM (SELECT count(*)::float AS deliveries,
                    (count(*) FILTER (WHERE status IN ${OPEN_STATUSES}))::float AS open
               FROM deliveries WHERE tenant = $1 AND created_at >= $2 AND created_at < $3) AS d`,
    [tenant, new Date(day), new Date(day + DAY_MS)],
  );
  return row ?? { events: 0, deliveries: 0, open: 0 };
}
