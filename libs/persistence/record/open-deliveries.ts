import type { DataSource, QueryRunner } from 'typeorm';
import { timeOfId, type DeliveryId, type DeliveryRef, type EventId, type TenantId } from '#domain';
import { LOCKS } from '../advisory-locks.js';
import { OPEN_STATUSES } from './delivery-row.js';
import { leaveOpen, type LeftOpen } from './left-open.js';

/** An open delivery as its row says; times are milliseconds since 1970. */
export interface OpenDelivery extends DeliveryRef {
  owed_at: number;
  attempt_count: number;
  next_attempt_at: number | null;
  updated_at: number;
}

/** An event as far as a delivery of it needs it. */
export interface OwedEvent {
  tenant: TenantId;
  id: EventId;
  /** Milliseconds since 1970. */
  accepted_at: number;
  /** RFC 3339. */
  timestamp: string;
  sequence: number;
  /** JSON text; null when the record has none. */
  data: string | null;
  metadata: string | null;
}

export type EventKey = Pick<OwedEvent, 'tenant' | 'id' | 'accepted_at'>;

/** Some rows of `left_open`, and what they say. */
export interface LeftOpenPage {
  seqs: number[];
  entries: Pick<LeftOpen, 'delivery' | 'seen'>[];
}

/** Rows that one page looks through at most, so that many small ones become a few large ones. */
const PAGE_ROWS = 500;

/**
 * Ends a look-up by primary key, one for each that is wanted. Joined without
 * it, 1,000 of 100,000 rows are found by reading all of the partition: 25 ms
 * in which a processor does nothing else, instead of 5.
 */
const BY_KEY = 'LIMIT 1';

/**
 * The deliveries that the record knows to be open, for one reader at a time
 * over all replicas: the lock is that of its connection, and everything goes by it.
 */
export class OpenDeliveries {
  private constructor(private readonly runner: QueryRunner) {}

  /** @returns undefined while someone else has the lock */
  static async lock(database: DataSource): Promise<OpenDeliveries | undefined> {
    const runner = database.createQueryRunner();
    const open = new OpenDeliveries(runner);
    try {
      const [row] = await open.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [
        LOCKS.reconciler,
      ]);
      if (row?.held) return open;
    } catch (error) {
      await runner.release();
      throw error;
    }
    await runner.release();
    return undefined;
  }

  async unlock(): Promise<void> {
    // A connection that is lost has lost its lock.
    await this.query('SELECT pg_advisory_unlock($1)', [LOCKS.reconciler]).catch(() => undefined);
    await this.runner.release();
  }

  /** The last row that there is. */
  async lastSeq(): Promise<number> {
    const [row] = await this.query<{ last: number | null }>(
      'SELECT max(seq)::float AS last FROM left_open',
      [],
    );
    return row?.last ?? 0;
  }

  /**
   * The next rows to look at, in the order in which they were written.
   * @param place.checkBefore only those whose time has come by then, milliseconds since 1970; all when left out
   * @param most deliveries, beyond which no further row is added
   */
  async page(
    place: { after: number; upTo: number; checkBefore?: number },
    most: number,
  ): Promise<LeftOpenPage> {
    const rows = await this.query<{ seq: number; deliveries: DeliveryId[]; seen: (string | number)[] }>(
      `SELECT seq::float AS seq, deliveries, seen
         FROM (SELECT seq, deliveries, seen, sum(cardinality(deliveries)) OVER (ORDER BY seq) - cardinality(deliveries) AS before
                 FROM (SELECT * FROM left_open
                        WHERE seq > $1 AND seq <= $2 AND ($3::bigint IS NULL OR check_at <= to_timestamp($3::bigint / 1000.0))
                        ORDER BY seq LIMIT $4) AS next) AS counted
        WHERE before < $5 ORDER BY seq`,
      [place.after, place.upTo, place.checkBefore ?? null, PAGE_ROWS, most],
    );
    const entries = rows.flatMap(({ deliveries, seen }) =>
      deliveries.map((delivery, i) => ({ delivery, seen: Number(seen[i]) })),
    );
    return { seqs: rows.map(({ seq }) => seq), entries };
  }

  /** The deliveries that are open among these. */
  async stillOpen(ids: readonly DeliveryId[]): Promise<OpenDelivery[]> {
    if (ids.length === 0) return [];
    return this.query<OpenDelivery>(
      `SELECT d.id AS delivery, d.tenant, d.event_id AS event, d.event_type, d.webhook_id AS webhook, d.attempt_count,
              ${ms('d.created_at')} AS created_at, ${ms('d.next_attempt_at')} AS next_attempt_at,
              ${ms('coalesce(d.owed_at, d.created_at)')} AS owed_at, ${ms('d.updated_at')} AS updated_at
         FROM unnest($1::text[], $2::bigint[]) AS wanted(id, at)
        CROSS JOIN LATERAL (
              SELECT * FROM deliveries
               WHERE id = wanted.id AND created_at = ${timestamp('wanted.at')} AND status IN ${OPEN_STATUSES}
              ${BY_KEY}) AS d`,
      [ids, ids.map((id) => timeOfId(id) ?? 0)],
    );
  }

  /** How many bytes the payloads of these events have; an event that has no row is left out. */
  sizes(keys: readonly EventKey[]): Promise<(EventKey & { bytes: number })[]> {
    return this.events<EventKey & { bytes: number }>(
      keys,
      'coalesce(octet_length(e.data), 0) + coalesce(octet_length(e.metadata), 0) AS bytes',
    );
  }

  /** These events; one that has no row is left out. */
  payloads(keys: readonly EventKey[]): Promise<OwedEvent[]> {
    return this.events<OwedEvent>(keys, 'e.timestamp, e.sequence::float AS sequence, e.data, e.metadata');
  }

  /** Replaces rows that were looked at by what is still open of them. */
  async settle(seqs: readonly number[], open: readonly LeftOpen[]): Promise<void> {
    await this.runner.startTransaction();
    try {
      await leaveOpen(this.runner.manager, open);
      await this.query('DELETE FROM left_open WHERE seq = ANY($1::bigint[])', [seqs]);
      await this.runner.commitTransaction();
    } catch (error) {
      await this.runner.rollbackTransaction().catch(() => undefined);
      throw error;
    }
  }

  private async events<Row>(keys: readonly EventKey[], columns: string): Promise<Row[]> {
    if (keys.length === 0) return [];
    return this.query<Row>(
      `SELECT e.tenant, e.id, ${ms('e.accepted_at')} AS accepted_at, ${columns}
         FROM unnest($1::text[], $2::text[], $3::bigint[]) AS wanted(tenant, id, at)
        CROSS JOIN LATERAL (
              SELECT * FROM events
               WHERE tenant = wanted.tenant AND id = wanted.id AND accepted_at = ${timestamp('wanted.at')}
              ${BY_KEY}) AS e`,
      [
        keys.map(({ tenant }) => tenant),
        keys.map(({ id }) => id),
        keys.map(({ accepted_at }) => accepted_at),
      ],
    );
  }

  private query<Row>(statement: string, parameters: unknown[]): Promise<Row[]> {
    return this.runner.query(statement, parameters) as Promise<Row[]>;
  }
}

/** A time in milliseconds since 1970. */
function ms(column: string): string {
  return `round(extract(epoch FROM ${column}) * 1000)::float`;
}

/** The other way round, with the precision that the record keeps. */
function timestamp(milliseconds: string): string {
  return `to_timestamp(${milliseconds} / 1000.0)::timestamptz(3)`;
}
