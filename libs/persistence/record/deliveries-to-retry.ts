import { firstIdAt, timeOfId, type TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import type { DeliveryRow } from './delivery-row.js';
import type { DeliveryFilter } from './list-deliveries.js';
import { beginningOfDay, endOfDay } from './stretches.js';

/** What is to be known of a delivery to make it again. */
export type DeliveryToRetry = Pick<
  DeliveryRow,
  'id' | 'created_at' | 'event_id' | 'webhook_id' | 'status' | 'attempt_count' | 'updated_at'
>;

/** How many of a tenant's deliveries pass a filter whose webhooks can be sent something. */
export async function countDeliveriesToRetry(
  dataSource: DataSource,
  tenant: TenantId,
  filter: DeliveryFilter,
): Promise<number> {
  const { where, values } = conditions(tenant, filter);
  const [row] = await dataSource.query<{ count: number }[]>(
    `SELECT count(*) AS count FROM deliveries d WHERE ${where}`,
    values,
  );
  return Number(row?.count ?? 0);
}

/**
 * Some of them, oldest first.
 * @param after the id of the last one that was given; its time prunes partitions
 */
export async function deliveriesToRetry(
  dataSource: DataSource,
  tenant: TenantId,
  filter: DeliveryFilter,
  after: string | null,
  limit: number,
): Promise<DeliveryToRetry[]> {
  const { where, values } = conditions(tenant, filter);
  const more = [where];
  const at = after === null ? undefined : timeOfId(after);
  if (after !== null && at !== undefined)
    more.push(`d.created_at >= $${values.push(new Date(at))}`, `d.id > $${values.push(after)}`);
  return dataSource.query<DeliveryToRetry[]>(
    `SELECT d.id, d.created_at, d.event_id, d.webhook_id, d.status, d.attempt_count, d.updated_at
     FROM deliveries d WHERE ${more.join(' AND ')} ORDER BY d.id LIMIT $${values.push(limit)}`,
    values,
  );
}

function conditions(tenant: TenantId, filter: DeliveryFilter) {
  const values: unknown[] = [tenant];
  const where = [
    'd.tenant = $1',
    `EXISTS (SELECT FROM webhooks w WHERE w.tenant = $1 AND w.id = d.webhook_id AND w.status <> 'disabled')`,
  ];
  const bounds = (comparison: '>=' | '<', time: number, dayEdge: (time: number) => number) => [
    `d.created_at ${comparison} $${values.push(new Date(dayEdge(time)))}`,
    `d.id ${comparison} $${values.push(firstIdAt('dlv', time))}`,
  ];
  for (const column of ['webhook_id', 'event_id', 'event_type', 'status', 'status_code'] as const) {
    const value = filter[column];
    if (value !== undefined) where.push(`d.${column} = $${values.push(value)}`);
  }
  // As in listDeliveries: the days are chosen by time, what is wanted of them by id.
  if (filter.since) where.push(...bounds('>=', filter.since.getTime(), beginningOfDay));
  if (filter.until) where.push(...bounds('<', filter.until.getTime(), endOfDay));
  return { where: where.join(' AND '), values };
}
