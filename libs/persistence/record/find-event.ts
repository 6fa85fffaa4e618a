import type { EventId, TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { DeliveryRow } from './delivery-row.js';
import { EventRow } from './event-row.js';

/** A match beyond these is not shown with its event; the list of deliveries shows them all. */
const MATCHES_SHOWN = 1_000;

/**
 * A tenant's event with what it owes, oldest first; null when the tenant has
 * none with this id. When an id was used again after the deduplication window,
 * the last event is the one found.
 */
export async function findEvent(
  dataSource: DataSource,
  tenant: TenantId,
  id: EventId,
): Promise<{ event: EventRow; deliveries: DeliveryRow[] } | null> {
  const event = await dataSource.manager.findOne(EventRow, {
    where: { tenant, id },
    order: { accepted_at: 'DESC' },
  });
  if (!event) return null;
  const deliveries = await dataSource.manager.find(DeliveryRow, {
    where: { tenant, event_id: id },
    order: { id: 'ASC' },
    take: MATCHES_SHOWN,
  });
  return { event, deliveries };
}
