import type { LedgerChange } from '#persistence';
import { advance, type RelayProgress } from './relay-progress.js';

const entry = (txid: bigint, seq: number): LedgerChange => ({
  txid,
  seq,
  tenant: 'default',
  aggregate: 'webhook',
  id: 'wh_1',
});
const at = (txid: bigint, seq: number, ...ahead: [bigint, number][]): RelayProgress => ({
  place: { txid, seq },
  ahead: ahead.map(([aheadTxid, aheadSeq]) => ({ txid: aheadTxid, seq: aheadSeq })),
});

describe("the relay's place in the ledger", () => {
  it('moves to the last entry when no transaction is open', () => {
    const read = { changes: [entry(10n, 1), entry(11n, 2)], settledBelow: 12n, more: false };
    expect(advance(at(0n, 0), read)).toEqual(at(11n, 2));
  });

  it('stays before a transaction that is open, and remembers what was relayed beyond it', () => {
    const read = { changes: [entry(10n, 1), entry(12n, 3)], settledBelow: 11n, more: false };
    expect(advance(at(0n, 0), read)).toEqual(at(10n, 1, [12n, 3]));
  });

  it('takes in what that transaction commits late, and moves over all', () => {
    const read = { changes: [entry(11n, 2)], settledBelow: 13n, more: false };
    expect(advance(at(10n, 1, [12n, 3]), read)).toEqual(at(12n, 3));
  });

  it('orders by transaction, not by sequence', () => {
    const read = { changes: [entry(10n, 5), entry(11n, 4)], settledBelow: 12n, more: false };
    expect(advance(at(0n, 0), read)).toEqual(at(11n, 4));
  });

  it('does not move beyond what was read while there is more to read', () => {
    const read = { changes: [entry(11n, 2)], settledBelow: 20n, more: true };
    expect(advance(at(10n, 1, [15n, 9]), read)).toEqual(at(11n, 2, [15n, 9]));
  });

  it('stays where it is when there is nothing', () => {
    const read = { changes: [], settledBelow: 20n, more: false };
    expect(advance(at(10n, 1), read)).toEqual(at(10n, 1));
  });
});
