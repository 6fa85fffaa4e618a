import type { EntityManager } from 'typeorm';
import { asJson } from '../record/as-json.js';
import type { Delta } from './deltas-of-batch.js';

/** Says what a batch changed in the statistics; belongs into the transaction that changed it. */
export async function leaveDeltas(manager: EntityManager, deltas: readonly Delta[]): Promise<void> {
  if (deltas.length === 0) return;
  await manager.query('INSERT INTO tally_deltas (body) VALUES ($1::json)', [asJson(deltas)]);
}
