import type { DataSource, EntityManager } from 'typeorm';

/** Tables that are partitioned by day. */
export interface RecordFigures {
  table: string;
  partitions: number;
  /** With indexes and what is stored apart. */
  bytes: number;
}

/** How far the relay of the ledger came. */
export interface RelayFigures {
  /** The ledger entry up to which all is told; null when no relay ever ran. */
  sequence: number | null;
  /** When it last moved on. */
  moved_at: Date | null;
  /** Changes that are not told yet. */
  waiting: number;
  /** The age of the oldest of them; 0 when there is none. */
  lag_seconds: number;
}

/** A query that nobody waits for any more shall end too. */
const WITHIN_MS = 2_000;

/** Does some reading under a time limit of the server's own. */
async function inTime<Found>(dataSource: DataSource, read: (sql: EntityManager) => Promise<Found>) {
  return dataSource.transaction(async (sql) => {
    await sql.query(`SET LOCAL statement_timeout = ${WITHIN_MS}`);
    return read(sql);
  });
}

/** The version of PostgreSQL, such as `18.1`, and how large the whole database is. */
export function readDatabase(dataSource: DataSource): Promise<{ version: string; bytes: number }> {
  return inTime(dataSource, async (sql) => {
    const [found]: { version: string; bytes: number }[] = await sql.query(
      `SELECT split_part(current_setting('server_version'), ' ', 1) AS version,
              pg_database_size(current_database()) AS bytes`,
    );
    return found as { version: string; bytes: number };
  });
}

/** How large the record is. */
export function readRecord(dataSource: DataSource): Promise<RecordFigures[]> {
  return inTime(dataSource, (sql) =>
    sql.query(
      `SELECT parent.relname AS "table", count(child.oid)::int AS partitions,
              coalesce(sum(pg_total_relation_size(child.oid)), 0)::bigint AS bytes
       FROM pg_partitioned_table p
       JOIN pg_class parent ON parent.oid = p.partrelid
       LEFT JOIN pg_inherits i ON i.inhparent = parent.oid
       LEFT JOIN pg_class child ON child.oid = i.inhrelid
       WHERE parent.relnamespace = 'public'::regnamespace
       GROUP BY 1 ORDER BY 1`,
    ),
  );
}

/**
 * How far the relay of the ledger is behind. What it reads while a transaction is open it may have told without its
 * place moving on; such changes count as waiting still.
 * @param of the aggregates that it tells of
 */
export function readRelay(dataSource: DataSource, of: readonly string[]): Promise<RelayFigures> {
  return inTime(dataSource, async (sql) => {
    const [found]: RelayFigures[] = await sql.query(
      `SELECT p.seq AS sequence, p.moved_at, count(l.seq)::int AS waiting,
              coalesce(extract(epoch FROM now() - min(l.at)), 0)::float8 AS lag_seconds
       FROM (SELECT) AS once
       LEFT JOIN relay_positions p ON p.relay = 'ledger'
       LEFT JOIN LATERAL (
         SELECT seq, at FROM ledger
         WHERE (txid, seq) > (coalesce(p.txid, '0'::xid8), coalesce(p.seq, 0)) AND aggregate_type = ANY($1::text[])
         ORDER BY txid, seq LIMIT 10000) AS l ON true
       GROUP BY p.seq, p.moved_at`,
      [of],
    );
    const figures = found as RelayFigures;
    return { ...figures, lag_seconds: Math.max(0, figures.lag_seconds) };
  });
}

/** How many jobs have not ended, by status. */
export function countOpenJobs(dataSource: DataSource): Promise<{ pending: number; running: number }> {
  return inTime(dataSource, async (sql) => {
    const [found]: { pending: number; running: number }[] = await sql.query(
      `SELECT count(*) FILTER (WHERE status = 'pending')::int AS pending,
              count(*) FILTER (WHERE status = 'running')::int AS running
       FROM jobs WHERE status IN ('pending', 'running')`,
    );
    return found as { pending: number; running: number };
  });
}
