import type pg from 'pg';
import type { AggregateType } from '#persistence';
import type { Keyring } from '#signing';
import { madeTenant, madeWebhook, tenantId, tenantSizes, type Made } from './tenants.js';

const BATCH = 5_000;

export interface Seeded {
  /** The ids of each tenant's webhooks, the largest tenant first. */
  webhooks: string[][];
  seconds: number;
}

/**
 * Fills ledger and tables with what as many requests would leave, as ledger
 * entries and row of the same decisions in one transaction each batch. The
 * bucket is left to the relay.
 */
export async function seed(
  database: pg.Client,
  counts: { tenants: number; webhooks: number },
  keyring: Keyring,
): Promise<Seeded> {
  const begun = performance.now();
  const sizes = tenantSizes(counts.tenants, counts.webhooks);
  // All are older than what the requests will make.
  const from = Date.now() - counts.webhooks * 1_000;
  const owners = sizes.flatMap((size, index) => Array.from({ length: size }, () => index));
  const ids = sizes.map(() => [] as string[]);

  for (let at = 0; at < sizes.length; at += BATCH) {
    const some = sizes.slice(at, at + BATCH).map((_, i) => madeTenant(tenantId(at + i), from));
    await keep(
      database,
      'tenant',
      'tenants',
      some.map(({ event, row }) => ({ event, row, id: row.id })),
    );
  }
  for (let at = 0; at < owners.length; at += BATCH) {
    const some = Array.from({ length: Math.min(BATCH, owners.length - at) }, (_, i) => {
      // Tenants take turns, so that the webhooks of one lie apart, as they do when all grow together.
      const number = at + i;
      const owner = owners[(number * STRIDE) % owners.length] ?? 0;
      const made = madeWebhook(tenantId(owner), number, from, keyring);
      ids[owner]?.push(made.row.id);
      return { ...made, id: made.row.id };
    });
    await keep(database, 'webhook', 'webhooks', some);
  }
  await database.query('VACUUM ANALYZE ledger, tenants, webhooks');
  return { webhooks: ids, seconds: (performance.now() - begun) / 1_000 };
}

/** A prime that divides no round number: multiples of it visit each place once. */
const STRIDE = 7_919;

async function keep(
  database: pg.Client,
  type: AggregateType,
  table: 'tenants' | 'webhooks',
  made: (Made<{ tenant: string; type: string; data: object; actor: string; at: number }, object> & {
    id: string;
  })[],
): Promise<void> {
  const entries = made.map(({ event, id }) => ({
    tenant: event.tenant,
    id,
    type: event.type,
    data: event.data,
    actor: event.actor,
    at: new Date(event.at),
  }));
  await database.query('BEGIN');
  await database.query(
    `INSERT INTO ledger (tenant, aggregate_type, aggregate_id, version, type, data, actor, at)
     SELECT tenant, $2, id, 1, type, data, actor, at
     FROM jsonb_to_recordset($1::jsonb)
       AS e (tenant text, id text, type text, data jsonb, actor text, at timestamptz)`,
    [JSON.stringify(entries), type],
  );
  const rows = JSON.stringify(made.map(({ row }) => row));
  await database.query(
    `INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1::jsonb)`,
    [rows],
  );
  await database.query('COMMIT');
}
