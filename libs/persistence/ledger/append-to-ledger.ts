import type { EntityManager } from 'typeorm';
import { LEDGER_CHANNEL } from '../relay/ledger-channels.js';
import { LedgerRow, type AggregateType } from './ledger-row.js';

/** What every decision says, whatever it is about. */
export interface Decision {
  tenant: string;
  type: string;
  actor: string;
  /** Milliseconds since 1970. */
  at: number;
  data: object;
}

/**
 * Writes decisions about one aggregate into the ledger, within a transaction,
 * and wakes the relay when it commits.
 * @param version of the aggregate before the first of them
 * @returns the last entry (seq)
 * @throws when another writer has decided at the same version (violatedUniqueness: `ledger_aggregate_version`)
 */
export async function appendToLedger(
  manager: EntityManager,
  aggregate: { type: AggregateType; id: string },
  version: number,
  decisions: readonly Decision[],
): Promise<number> {
  const inserted = await manager.insert(
    LedgerRow,
    decisions.map(({ tenant, type, data, actor, at }, i) => ({
      tenant,
      aggregate_type: aggregate.type,
      aggregate_id: aggregate.id,
      version: version + i + 1,
      type,
      data: { ...data },
      actor,
      at: new Date(at),
    })),
  );
  // Listeners hear of it when the transaction commits, never before.
  await manager.query('SELECT pg_notify($1, $2)', [LEDGER_CHANNEL, '']);
  return inserted.identifiers.at(-1)?.['seq'] as number;
}
