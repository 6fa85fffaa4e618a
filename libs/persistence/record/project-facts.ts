import type { DataSource } from 'typeorm';
import type { Fact } from '#domain';
import { activityOfFacts, MERGE_ACTIVITY, type ActivityJson } from '../webhook-activity/activity-of-facts.js';
import { dayOf, ensureDayPartitions, isMissingPartition } from './day-partitions.js';
import { leaveOpen } from './left-open.js';
import { isOpen, rowsOfFacts, type RecordRows } from './rows-of-facts.js';

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
  ON CONFLICT DO NOTHING`;

/** The order of a delivery's states, as `place` in rows-of-facts.ts has it. */
const placeOf = (row: string) => `(
    ${row}.status = 'success',
    CASE WHEN ${row}.status = 'success' THEN 0 ELSE ${row}.attempt_count END,
    coalesce(${row}.owed_at, ${row}.created_at),
    ${row}.status IN ('failed', 'cancelled'),
    ${row}.updated_at,
    coalesce(${row}.next_attempt_at, 'epoch'),
    coalesce(${row}.status_code, 0),
    coalesce(${row}.reason, '') COLLATE "C",
    ${row}.attempt_count)`;

/** A delivery only moves forward. */
const MOVE_DELIVERIES = `
  INSERT INTO deliveries AS known (id, created_at, tenant, event_id, event_type, webhook_id, status, attempt_count,
    next_attempt_at, completed_at, reason, status_code, owed_at, updated_at)
  SELECT id, to_timestamp(created_at / 1000.0), tenant, event_id, event_type, webhook_id, status, attempt_count,
    to_timestamp(next_attempt_at / 1000.0), to_timestamp(completed_at / 1000.0), reason, status_code,
    to_timestamp(owed_at / 1000.0), to_timestamp(updated_at / 1000.0)
    FROM json_to_recordset($1::json) AS d(
      id text, created_at bigint, tenant text, event_id text, event_type text, webhook_id text, status text,
      attempt_count integer, next_attempt_at bigint, completed_at bigint, reason text, status_code integer,
      owed_at bigint, updated_at bigint)
  ON CONFLICT (id, created_at) DO UPDATE SET
    status = excluded.status, attempt_count = excluded.attempt_count, next_attempt_at = excluded.next_attempt_at,
    completed_at = excluded.completed_at, reason = excluded.reason, status_code = excluded.status_code,
    owed_at = excluded.owed_at, updated_at = excluded.updated_at
  WHERE ${placeOf('excluded')} > ${placeOf('known')}`;

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
  ON CONFLICT DO NOTHING`;

/** How JSON writes NUL and halves of surrogate pairs. A text that holds a backslash and these letters looks the same. */
const MAYBE_UNSTORABLE = /\\u(?:0000|d[89a-f])/;

/** PostgreSQL's text takes neither NUL nor half a surrogate pair: U+FFFD stands for them. */
function asJson(rows: object[]): string {
  const json = JSON.stringify(rows);
  return MAYBE_UNSTORABLE.test(json) ? JSON.stringify(rows, storable) : json;
}

function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}

/** Most deliveries end well before that: whoever looks later finds few that are still open. */
const CHECK_AFTER_MS = 60_000;

/** Turns facts into rows of the record. Facts may come in any order, twice, and to several replicas. */
export class Projection {
  private readonly ensuredDays = new Set<string>();

  constructor(private readonly database: DataSource) {}

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

  private async write({ events, deliveries, attempts }: RecordRows, activity: ActivityJson[]): Promise<void> {
    const checkAt = Date.now() + CHECK_AFTER_MS;
    const open = deliveries
      .filter(isOpen)
      .map(({ id, updated_at: seen }) => ({ delivery: id, seen, checkAt }));
    await this.database.transaction(async (manager) => {
      if (events.length > 0) await manager.query(INSERT_EVENTS, [asJson(events)]);
      if (deliveries.length > 0) await manager.query(MOVE_DELIVERIES, [asJson(deliveries)]);
      if (attempts.length > 0) await manager.query(INSERT_ATTEMPTS, [asJson(attempts)]);
      await leaveOpen(manager, open);
      // Last: a busy webhook's row is one that other replicas wait for.
      if (activity.length > 0) await manager.query(MERGE_ACTIVITY, [asJson(activity)]);
    });
  }

  private async ensureDays(days: string[]): Promise<void> {
    if (days.every((day) => this.ensuredDays.has(day))) return;
    await ensureDayPartitions(this.database, days);
    for (const day of days) this.ensuredDays.add(day);
  }
}
