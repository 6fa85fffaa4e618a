import type { LedgerChanges, LedgerPlace } from '#persistence';

/**
 * How far the relay came. Everything up to `place` is in the bucket for good.
 * `ahead` is in the bucket too, but a transaction that is still open may yet
 * commit entries before them, so the place stays behind until it is over.
 */
export interface RelayProgress {
  place: LedgerPlace;
  ahead: LedgerPlace[];
}

/**
 * The progress after the changes of one reading have been put into the bucket.
 * @param changes what was read after `progress.place`, without `progress.ahead`
 */
export function advance(
  progress: RelayProgress,
  { changes, settledBelow, more }: LedgerChanges,
): RelayProgress {
  const known = [...progress.ahead, ...changes].sort(inLedgerOrder);
  // When there is more to read, what lies beyond the last entry read has not been seen.
  const seenUpTo = more ? changes.at(-1) : undefined;
  const settled = known.filter(
    (entry) => entry.txid < settledBelow && (!seenUpTo || inLedgerOrder(entry, seenUpTo) <= 0),
  );
  const place = settled.at(-1) ?? progress.place;
  return {
    place: { txid: place.txid, seq: place.seq },
    ahead: known.slice(settled.length).map(({ txid, seq }) => ({ txid, seq })),
  };
}

function inLedgerOrder(a: LedgerPlace, b: LedgerPlace): number {
  if (a.txid !== b.txid) return a.txid < b.txid ? -1 : 1;
  return a.seq - b.seq;
}
