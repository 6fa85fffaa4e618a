import pg from 'pg';
import type { TenantId } from '#domain';
import { LOCKS } from '../advisory-locks.js';
import { databaseAddress } from '../database-address.js';
import type { AggregateType } from '../ledger/ledger-row.js';
import { LEDGER_CHANNEL, RELAYED_CHANNEL } from './ledger-channels.js';
import type { RelayedTable } from './relayed-tables.js';

/** A place in the ledger; places are ordered by txid, then seq. */
export interface LedgerPlace {
  txid: bigint;
  seq: number;
}

/** A ledger entry, as far as a relay must know it. */
export interface LedgerChange extends LedgerPlace {
  tenant: TenantId;
  aggregate: AggregateType;
  /** Of the aggregate, in its tenant. */
  id: string;
}

export interface LedgerChanges {
  /** In order. */
  changes: LedgerChange[];
  /** Transactions below this one are all over: no entry can appear among theirs any more. */
  settledBelow: bigint;
  /** There are more than were asked for. */
  more: boolean;
}

export interface RelayListeners {
  /** The ledger has grown. */
  ledgerGrew: () => void;
  /** Some replica's relay has put these entries (seq) into the bucket. */
  relayed: (seqs: number[]) => void;
  /** The connection is gone, and with it the lock. */
  lost: (error: Error) => void;
}

/** PostgreSQL refuses longer payloads; digits and commas of a notification are kept below. */
const NOTIFICATION_SEQS = 400;
const TIMEOUT_MS = 5_000;

/**
 * One connection that hears of the ledger and may hold the relay's lock. The
 * lock belongs to the session: a relay that lost its connection is no longer
 * the relay, and all that it reads and writes goes by the same connection.
 */
export class RelaySession {
  private before: Promise<void> = Promise.resolve();

  private constructor(private readonly client: pg.Client) {}

  /** @throws what the driver says when the server cannot be reached */
  static async open(url: string, name: string, listeners: RelayListeners): Promise<RelaySession> {
    const { url: connectionString, ssl } = databaseAddress(url);
    const client = new pg.Client({
      connectionString,
      ssl,
      application_name: name,
      keepAlive: true,
      connectionTimeoutMillis: TIMEOUT_MS,
      query_timeout: 2 * TIMEOUT_MS,
      statement_timeout: 2 * TIMEOUT_MS,
    });
    let over = false;
    const end = (error: Error) => {
      if (over) return;
      over = true;
      listeners.lost(error);
    };
    client.on('error', end);
    client.on('end', () => end(new Error('PostgreSQL ended the connection')));
    client.on('notification', ({ channel, payload }) => {
      if (channel === LEDGER_CHANNEL) listeners.ledgerGrew();
      if (channel === RELAYED_CHANNEL) listeners.relayed((payload ?? '').split(',').map(Number));
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${LEDGER_CHANNEL}`);
      await client.query(`LISTEN ${RELAYED_CHANNEL}`);
    } catch (error) {
      over = true;
      await client.end().catch(() => undefined);
      throw error;
    }
    return new RelaySession(client);
  }

  /** Becomes the relay unless another session is. Asking again while holding the lock is harmless. */
  async lock(): Promise<boolean> {
    const { rows } = await this.query<{ held: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
                        AND objid = $1::bigint::oid AND granted)
              OR pg_try_advisory_lock($1) AS held`,
      [LOCKS.relay],
    );
    return rows[0]?.held === true;
  }

  /**
   * How far the relay came. The beginning, when it never ran, and when the
   * database was restored into a server whose transactions are numbered lower
   * than the position's: then all is relayed again, which does no harm.
   */
  async position(): Promise<LedgerPlace> {
    const { rows } = await this.query<{ txid: string; seq: string }>(
      `SELECT txid::text, seq::text FROM relay_positions
       WHERE relay = 'ledger' AND txid < pg_snapshot_xmax(pg_current_snapshot())`,
    );
    const [row] = rows;
    return row ? { txid: BigInt(row.txid), seq: Number(row.seq) } : { txid: 0n, seq: 0 };
  }

  /**
   * The visible entries after a place.
   * @param of the aggregates whose entries are wanted
   * @param except entries (seq) that need not be told again
   */
  async changesAfter(
    place: LedgerPlace,
    of: AggregateType[],
    except: number[],
    limit: number,
  ): Promise<LedgerChanges> {
    const { rows } = await this.query<{
      settled_below: string;
      txid: string | null;
      seq: string;
      tenant: TenantId;
      aggregate: AggregateType;
      id: string;
    }>(
      `SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS settled_below,
              l.txid::text, l.seq::text, l.tenant, l.aggregate, l.id
       FROM (SELECT) AS once
       LEFT JOIN LATERAL (
         SELECT txid, seq, tenant, aggregate_type AS aggregate, aggregate_id AS id FROM ledger
         WHERE (txid, seq) > ($1::xid8, $2::bigint) AND txid < pg_snapshot_xmax(pg_current_snapshot())
           AND aggregate_type = ANY($3::text[]) AND seq <> ALL($4::bigint[])
         ORDER BY txid, seq LIMIT $5) AS l ON true
       ORDER BY l.txid, l.seq`,
      [place.txid.toString(), place.seq, of, except, limit + 1],
    );
    const changes = rows.flatMap(({ txid, seq, tenant, aggregate, id }) =>
      txid === null ? [] : [{ txid: BigInt(txid), seq: Number(seq), tenant, aggregate, id }],
    );
    return {
      changes: changes.slice(0, limit),
      settledBelow: BigInt(rows[0]?.settled_below ?? 0),
      more: changes.length > limit,
    };
  }

  /** The rows, as they are now, of those that still exist. */
  async rows<Row extends object>(
    { table, tenant, id }: RelayedTable<Row>,
    wanted: { tenant: TenantId; id: string }[],
  ): Promise<Row[]> {
    const { rows } = await this.query<Row>(
      `SELECT r.* FROM unnest($1::text[], $2::text[]) AS wanted (tenant, id)
       JOIN ${table} r ON (r.${tenant}, r.${id}) = (wanted.tenant, wanted.id)`,
      [wanted.map((each) => each.tenant), wanted.map((each) => each.id)],
    );
    return rows;
  }

  /** Is another after any row changed, by whatever hand; costs the database a look at each. */
  async mark<Row>({ table }: RelayedTable<Row>): Promise<string> {
    const { rows } = await this.query<{ mark: string }>(
      `SELECT count(*) || '/' || coalesce(sum(xmin::text::numeric), 0) AS mark FROM ${table}`,
    );
    return rows[0]?.mark ?? '';
  }

  /**
   * All rows, in the order of tenant and id, a page at a time. Whoever goes through them is done with a page before
   * anything else has its turn, so a large one is what requests wait for.
   */
  async *allRows<Row extends object>(
    { table, tenant, id }: RelayedTable<Row>,
    pageSize = 200,
  ): AsyncGenerator<Row> {
    let after: unknown[] = ['', ''];
    for (;;) {
      const { rows } = await this.query<Row>(
        `SELECT * FROM ${table} WHERE (${tenant}, ${id}) > ($1, $2) ORDER BY ${tenant}, ${id} LIMIT $3`,
        [...after, pageSize],
      );
      yield* rows;
      const last = rows.at(-1);
      if (!last || rows.length < pageSize) return;
      after = [last[tenant], last[id]];
    }
  }

  /** Remembers how far the relay came. */
  async moveTo(place: LedgerPlace): Promise<void> {
    await this.query(
      `INSERT INTO relay_positions AS held (relay, txid, seq, moved_at)
       VALUES ('ledger', $1::xid8, $2, now())
       ON CONFLICT (relay) DO UPDATE SET txid = excluded.txid, seq = excluded.seq, moved_at = now()`,
      [place.txid.toString(), place.seq],
    );
  }

  /** Tells the writers of all replicas that their changes (seq) are in the bucket. */
  async announce(seqs: number[]): Promise<void> {
    for (let i = 0; i < seqs.length; i += NOTIFICATION_SEQS) {
      const payload = seqs.slice(i, i + NOTIFICATION_SEQS).join(',');
      await this.query('SELECT pg_notify($1, $2)', [RELAYED_CHANNEL, payload]);
    }
  }

  async close(): Promise<void> {
    this.client.removeAllListeners('end');
    await this.client.end().catch(() => undefined);
  }

  /** One after the other, for changes are relayed while all is compared; the driver's own queue is deprecated. */
  private query<Row extends object>(text: string, values: unknown[] = []): Promise<pg.QueryResult<Row>> {
    const answer = this.before.then(() => this.client.query<Row>(text, values));
    this.before = answer.then(
      () => undefined,
      () => undefined,
    );
    return answer;
  }
}
