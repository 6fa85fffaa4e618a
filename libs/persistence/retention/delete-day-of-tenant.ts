import type { TenantId } from '#domain';
import type { DataSource, EntityManager } from 'typeorm';
import { partitionsOf } from '../record/day-partitions.js';
import { OPEN_STATUSES } from '../record/delivery-row.js';

/** What one transaction looks at; deletes of so many take some ten milliseconds. */
const PORTION = 500;

/** What was deleted. */
export interface Deleted {
  events: number;
  deliveries: number;
}

/**
 * Where a deletion is: deliveries first, with their attempts, then events that
 * nothing is owed of any more, then what else is told of the day.
 */
export type DeletionPlace =
  { of: 'deliveries'; after: string } | { of: 'events'; after: string } | { of: 'others' } | { of: 'end' };

export const AT_THE_BEGINNING: DeletionPlace = { of: 'deliveries', after: '' };

/**
 * Deletes a portion of a tenant's rows of a day; what is open stays, with its
 * event and its attempts. In a transaction of its own, so that a crash loses no more than that portion.
 * @param day as dayOf gives it
 * @returns where to go on, until it is at the end
 */
export async function deleteDayOfTenant(
  dataSource: DataSource,
  tenant: TenantId,
  day: string,
  place: DeletionPlace,
): Promise<{ next: DeletionPlace; deleted: Deleted }> {
  return dataSource.transaction(async (manager) => {
    switch (place.of) {
      case 'deliveries':
        return deleteDeliveries(manager, tenant, day, place.after);
      case 'events':
        return deleteEvents(manager, tenant, day, place.after);
      case 'others':
        return deleteOthers(manager, tenant, day);
      case 'end':
        return { next: place, deleted: { events: 0, deliveries: 0 } };
    }
  });
}

type Portion = { next: DeletionPlace; deleted: Deleted };

async function deleteDeliveries(
  manager: EntityManager,
  tenant: TenantId,
  day: string,
  after: string,
): Promise<Portion> {
  const { deliveries, attempts } = tablesOf(day);
  const seen = await manager.query<{ id: string; ended: boolean }[]>(
    `SELECT id, status NOT IN ${OPEN_STATUSES} AS ended FROM ${deliveries}
      WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT ${PORTION}`,
    [tenant, after],
  );
  const ended = seen.filter((row) => row.ended).map(({ id }) => id);
  // One that is brought back meanwhile is open again, and stays.
  const [gone] = await manager.query<[{ id: string }[], number]>(
    `DELETE FROM ${deliveries} WHERE id = ANY($1) AND status NOT IN ${OPEN_STATUSES} RETURNING id`,
    [ended],
  );
  if (gone.length > 0)
    await manager.query(`DELETE FROM ${attempts} WHERE delivery_id = ANY($1)`, [gone.map(({ id }) => id)]);
  const last = seen.at(-1);
  const more = seen.length === PORTION && last !== undefined;
  return {
    next: more ? { of: 'deliveries', after: last.id } : { of: 'events', after: '' },
    deleted: { events: 0, deliveries: gone.length },
  };
}

async function deleteEvents(
  manager: EntityManager,
  tenant: TenantId,
  day: string,
  after: string,
): Promise<Portion> {
  const { events, deliveries } = tablesOf(day);
  const seen = await manager.query<{ id: string }[]>(
    `SELECT DISTINCT id FROM (
       SELECT id FROM ${events} WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT ${PORTION}) AS portion
      ORDER BY id`,
    [tenant, after],
  );
  const ids = seen.map(({ id }) => id);
  const owed = await manager.query<{ event_id: string }[]>(
    `SELECT DISTINCT event_id FROM ${deliveries} WHERE tenant = $1 AND event_id = ANY($2)`,
    [tenant, ids],
  );
  const stays = new Set(owed.map(({ event_id }) => event_id));
  const [, gone] = await manager.query<[unknown, number]>(
    `DELETE FROM ${events} WHERE tenant = $1 AND id = ANY($2)`,
    [tenant, ids.filter((id) => !stays.has(id))],
  );
  const last = ids.at(-1);
  return {
    next: last === undefined ? { of: 'others' } : { of: 'events', after: last },
    deleted: { events: gone, deliveries: 0 },
  };
}

/** Of every other table that is made of days, such as what statistics count. */
async function deleteOthers(manager: EntityManager, tenant: TenantId, day: string): Promise<Portion> {
  let gone = 0;
  for (const { table, name } of partitionsOf(day)) {
    if (table === 'events' || table === 'deliveries' || table === 'attempts') continue;
    const [there] = await manager.query<{ there: boolean }[]>('SELECT to_regclass($1) IS NOT NULL AS there', [
      name,
    ]);
    if (!there?.there) continue;
    const [, some] = await manager.query<[unknown, number]>(
      `DELETE FROM ${name} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${name} WHERE tenant = $1 LIMIT ${PORTION}))`,
      [tenant],
    );
    gone += some;
  }
  return { next: { of: gone > 0 ? 'others' : 'end' }, deleted: { events: 0, deliveries: 0 } };
}

/**
 * Tenants that have rows of a day; costs one step along an index for each.
 * @param day as dayOf gives it
 */
export async function tenantsOfDay(dataSource: DataSource, day: string): Promise<TenantId[]> {
  const { events, deliveries } = tablesOf(day);
  const tenants = new Set<TenantId>();
  for (const table of [events, deliveries]) {
    const rows = await dataSource.query<{ tenant: TenantId }[]>(`
      WITH RECURSIVE known AS (
        (SELECT tenant FROM ${table} ORDER BY tenant LIMIT 1)
        UNION ALL
        SELECT (SELECT tenant FROM ${table} WHERE tenant > known.tenant ORDER BY tenant LIMIT 1)
          FROM known WHERE known.tenant IS NOT NULL)
      SELECT tenant FROM known WHERE tenant IS NOT NULL`);
    for (const { tenant } of rows) tenants.add(tenant);
  }
  return [...tenants];
}

function tablesOf(day: string): { events: string; deliveries: string; attempts: string } {
  const named = new Map(partitionsOf(day).map(({ table, name }) => [table, name]));
  const of = (table: string) => named.get(table) ?? '';
  return { events: of('events'), deliveries: of('deliveries'), attempts: of('attempts') };
}
