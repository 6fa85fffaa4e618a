import type { TenantId } from '#domain';
import { In, type DataSource } from 'typeorm';
import { EventTypeRow } from './event-type-row.js';

/** An event type of a tenant's catalogue; null when it has none of this name. */
export async function findEventType(
  dataSource: DataSource,
  tenant: TenantId,
  name: string,
): Promise<EventTypeRow | null> {
  return dataSource.manager.findOneBy(EventTypeRow, { tenant, name });
}

/** Those of some event types that a tenant's catalogue has, in no order. */
export async function findEventTypes(
  dataSource: DataSource,
  tenant: TenantId,
  names: string[],
): Promise<EventTypeRow[]> {
  return dataSource.manager.findBy(EventTypeRow, { tenant, name: In(names) });
}
