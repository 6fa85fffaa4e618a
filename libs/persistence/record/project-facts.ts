import type { DataSource, EntityManager } from 'typeorm';
import type { Fact } from '#domain';
import { LOCKS } from '../advisory-locks.js';
import { deltasOf, type NewInRecord } from '../statistics/deltas-of-batch.js';
import { leaveDeltas } from '../statistics/leave-deltas.js';
import { activityOfFacts, MERGE_ACTIVITY, type ActivityJson } from '../webhook-activity/activity-of-facts.js';
import { asJson } from './as-json.js';
import { dayOf, ensureDayPartitions, isMissingPartition } from './day-partitions.js';
import { leaveOpen } from './left-open.js';
import { moveDeliveries } from './move-deliveries.js';
import { isOpen } from './delivery-row.js';
import { eventKey, rowsOfFacts, type EventJson, type RecordRows } from './rows-of-facts.js';

/*
 * One statement for each table, whatever the number of rows: they travel as
 * one JSON text, so that a statement's text and plan never depend on how many.
 */
const INSERT_EVENTS = `
  INSERT INTO events (tenant, id, accepted_at, type, timestamp, data, metadata, sequence, status, reason, match_count)
  SELECT tenant, id, to_timestamp(accepted_at / 1000.0), type, timestamp, data, metadata, sequence, status, reason, match_count
    FROM json_to_recordset($1::json) AS e(
      tenant text, id text, accepted_at bigint, type text, timestamp text, data text, metadata text,
      sequence bigint, status text, reason text, match_count integer)
  ON CONFLICT DO NOTHING
  RETURNING tenant, id, accepted_at`;

const INSERT_ATTEMPTS = `
  INSERT INTO attempts (delivery_id, id, created_at, tenant, number, trigger, started_at, duration_ms, method, url,
    request_headers, request_body, response_status, response_headers, response_body, response_truncated,
    error_kind, error_message, console)
  SELECT delivery_id, id, to_timestamp(created_at / 1000.0), tenant, number, trigger,
    to_timestamp(started_at / 1000.0), duration_ms, method, url,
    request_headers, request_body, response_status, response_headers, response_body, response_truncated,
    error_kind, error_message, console
    FROM json_to_recordset($1::json) AS a(
      delivery_id text, id text, created_at bigint, tenant text, number integer, trigger text,
      started_at bigint, duration_ms integer, method text, url text, request_headers json, request_body text,
      response_status integer, response_headers json, response_body text, response_truncated boolean,
      error_kind text, error_message text, console json)
  ON CONFLICT DO NOTHING
  RETURNING id`;

/** Most deliveries end well before that: whoever looks later finds few that are still open. */
const CHECK_AFTER_MS = 60_000;

/** Turns facts into rows of the record. Facts may come in any order, twice, and to several replicas. */
export class Projection {
  private readonly ensuredDays = new Set<string>();

  /**
   * @param options.version PostgreSQL's, where another one's way of writing is wanted than that of the one there is
   * @param options.alone whether nobody else writes these tables, for they are being made anew (docs/adr/0011)
   */
  constructor(
    private readonly database: DataSource,
    private readonly options: { version?: number; alone?: boolean } = {},
  ) {}

  /**
   * Writes all that the facts tell, in one transaction.
   * @throws what the driver says; nothing is written then, and the same facts may be given again
   */
  async project(facts: Fact[]): Promise<void> {
    const rows = rowsOfFacts(facts);
    const activity = activityOfFacts(facts);
    const days = [...new Set([...rows.times].map(dayOf))];
    await this.ensureDays(days);
    try {
      await this.write(rows, activity);
    } catch (error) {
      if (!isMissingPartition(error)) throw error;
      for (const day of days) this.ensuredDays.delete(day);
      await this.ensureDays(days);
      await this.write(rows, activity);
    }
  }

  private async write(rows: RecordRows, activity: ActivityJson[]): Promise<void> {
    const checkAt = Date.now() + CHECK_AFTER_MS;
    const open = rows.deliveries
      .filter(isOpen)
      .map(({ id, updated_at: seen }) => ({ delivery: id, seen, checkAt }));
    await this.database.transaction(async (manager) => {
      if (!this.options.alone)
        await manager.query('SELECT pg_advisory_xact_lock_shared($1)', [LOCKS.projection]);
      const known: NewInRecord = {
        events: await insertEvents(manager, rows.events),
        deliveries: await moveDeliveries(manager, rows.deliveries, this.version),
        attempts: await insertAttempts(manager, rows),
      };
      await leaveOpen(manager, open);
      await leaveDeltas(manager, deltasOf(known));
      // Last: a busy webhook's row is one that other replicas wait for.
      if (activity.length > 0) await manager.query(MERGE_ACTIVITY, [asJson(activity)]);
    });
  }

  private async ensureDays(days: string[]): Promise<void> {
    if (days.every((day) => this.ensuredDays.has(day))) return;
    await ensureDayPartitions(this.database, days);
    for (const day of days) this.ensuredDays.add(day);
  }

  /** Of PostgreSQL; known once it is connected. */
  private get version(): number {
    return this.options.version ?? parseInt(this.database.driver.version ?? '', 10);
  }
}

/** @returns those that were not there before */
async function insertEvents(manager: EntityManager, events: EventJson[]): Promise<EventJson[]> {
  if (events.length === 0) return [];
  type Key = { tenant: string; id: string; accepted_at: Date };
  const inserted = await manager.query<Key[]>(INSERT_EVENTS, [asJson(events)]);
  if (inserted.length === events.length) return events;
  const keys = new Set(inserted.map((key) => eventKey({ ...key, accepted_at: key.accepted_at.getTime() })));
  return events.filter((event) => keys.has(eventKey(event)));
}

/** @returns those that were not there before, with the facts that told of them */
async function insertAttempts(
  manager: EntityManager,
  { attempts, finished }: Pick<RecordRows, 'attempts' | 'finished'>,
): Promise<NewInRecord['attempts']> {
  if (attempts.length === 0) return [];
  const inserted = await manager.query<{ id: string }[]>(INSERT_ATTEMPTS, [asJson(attempts)]);
  const ids = inserted.length === attempts.length ? undefined : new Set(inserted.map(({ id }) => id));
  return attempts.flatMap((row) => {
    const fact = finished.get(row.id);
    return fact && (ids?.has(row.id) ?? true) ? [{ row, fact }] : [];
  });
}
