import type { DecisionAboutWebhook } from '#domain';
import type { DataSource } from 'typeorm';

/** A portion of the ledger, in its order, with the place where it ends. */
export interface DecisionsRead {
  /** Those that may be announced. */
  decisions: DecisionAboutWebhook[];
  /** To go on from; null when there was nothing. */
  end: { txid: string; seq: string } | null;
  more: boolean;
}

const ANNOUNCED = ['webhook.disabled', 'webhook.resumed', 'webhook.secret_rotated'];

/**
 * What was decided after the remembered place, of transactions that are all over:
 * nothing can be committed before it any more, so a place says it all. Where no place is remembered, or the database
 * was restored into a server whose transactions are numbered lower, announcing begins now.
 */
export async function decisionsToAnnounce(dataSource: DataSource, limit: number): Promise<DecisionsRead> {
  await dataSource.query(`
    INSERT INTO relay_positions AS held (relay, txid, seq, moved_at)
    VALUES ('operational_events', pg_snapshot_xmin(pg_current_snapshot()), 0, now())
    ON CONFLICT (relay) DO UPDATE SET txid = excluded.txid, seq = 0, moved_at = now()
     WHERE held.txid > pg_snapshot_xmax(pg_current_snapshot())`);
  type Found = Omit<DecisionAboutWebhook, 'at' | 'failing_since' | 'seq'> & {
    seq: string;
    txid: string;
    at: Date;
    failing_since: Date | null;
  };
  const found = await dataSource.query<Found[]>(
    `SELECT l.txid::text, l.seq::text, l.tenant, l.aggregate_id AS webhook, l.type, l.at,
            CASE WHEN l.type = ANY($2) THEN l.data ELSE '{}' END AS data,
            l.type = 'webhook.resumed' AND coalesce((
              SELECT b.type = 'webhook.disabled' FROM ledger b
               WHERE b.tenant = l.tenant AND b.aggregate_type = l.aggregate_type AND b.aggregate_id = l.aggregate_id
                 AND b.version < l.version AND b.type IN ('webhook.disabled', 'webhook.resumed')
               ORDER BY b.version DESC LIMIT 1), false) AS was_disabled,
            CASE WHEN l.type = 'webhook.disabled' THEN (
              SELECT a.failing_since FROM webhook_activity a
               WHERE a.tenant = l.tenant AND a.webhook_id = l.aggregate_id) END AS failing_since
       FROM ledger l
      WHERE (l.txid, l.seq) > (SELECT txid, seq FROM relay_positions WHERE relay = 'operational_events')
        AND l.txid < pg_snapshot_xmin(pg_current_snapshot())
      ORDER BY l.txid, l.seq
      LIMIT $1`,
    [limit, ANNOUNCED],
  );
  const last = found.at(-1);
  return {
    decisions: found
      .filter(({ type }) => ANNOUNCED.includes(type))
      .map(({ txid: _txid, seq, at, failing_since, ...rest }) => {
        const times = { at: at.getTime(), failing_since: failing_since?.getTime() ?? null };
        return { ...rest, ...times, seq: Number(seq) } as DecisionAboutWebhook;
      }),
    end: last ? { txid: last.txid, seq: last.seq } : null,
    more: found.length === limit,
  };
}

/** Remembers that all up to there is announced. */
export async function announcedUpTo(
  dataSource: DataSource,
  { txid, seq }: NonNullable<DecisionsRead['end']>,
): Promise<void> {
  await dataSource.query(
    `UPDATE relay_positions SET txid = $1::xid8, seq = $2, moved_at = now() WHERE relay = 'operational_events'`,
    [txid, seq],
  );
}
