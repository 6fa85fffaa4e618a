import type { LedgerRelay } from './ledger-relay.js';

/**
 * A change is answered once the data plane has been told, so that an event
 * published after the answer meets it; but no longer than this, for the change
 * is made and will be told (docs/adr/0003). While NATS is there, a relay that
 * lost its footing is back within some seconds.
 */
const TOLD_WITHIN_MS = { natsAway: 2_000, natsThere: 8_000 };

/**
 * Waits until the data plane has been told of a change, within bounds.
 * @param seq the change's last ledger entry; null for a change that changed nothing
 */
export async function told(relay: LedgerRelay, seq: number | null): Promise<void> {
  if (seq === null || (await relay.relayed(seq, TOLD_WITHIN_MS.natsAway)) || !relay.hasNats) return;
  await relay.relayed(seq, TOLD_WITHIN_MS.natsThere - TOLD_WITHIN_MS.natsAway);
}

/**
 * What a change left, once the data plane has been told of it.
 * @throws Error when it left nothing, as only a deletion does
 */
export async function kept<Row>(
  relay: LedgerRelay,
  change: Promise<{ row: Row | null; seq: number | null }>,
  what: string,
): Promise<Row> {
  const { row, seq } = await change;
  await told(relay, seq);
  if (!row) throw new Error(`The ${what} was changed, but there is no row of it.`);
  return row;
}
