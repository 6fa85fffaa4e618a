import { timeOfId, type DeliveryId, type TenantId } from '#domain';
import type { DataSource } from 'typeorm';
import { AttemptRow } from './attempt-row.js';
import { DeliveryRow } from './delivery-row.js';

/**
 * A tenant's delivery with its attempts, the first one first; null when the
 * tenant has none with this id. The id says which partition to look into.
 */
export async function findDelivery(
  dataSource: DataSource,
  tenant: TenantId,
  id: DeliveryId,
): Promise<{ delivery: DeliveryRow; attempts: AttemptRow[] } | null> {
  const at = timeOfId(id);
  if (at === undefined) return null;
  const created_at = new Date(at);
  const delivery = await dataSource.manager.findOneBy(DeliveryRow, { id, created_at, tenant });
  if (!delivery) return null;
  const attempts = await dataSource.manager.find(AttemptRow, {
    where: { delivery_id: id, created_at, tenant },
    order: { number: 'ASC', id: 'ASC' },
  });
  return { delivery, attempts };
}
