/** NOTIFY channel: the ledger has grown. */
export const LEDGER_CHANNEL = 'tidings_ledger';
/** NOTIFY channel: these ledger entries (seq, with commas between) are in the bucket. */
export const RELAYED_CHANNEL = 'tidings_relayed';
