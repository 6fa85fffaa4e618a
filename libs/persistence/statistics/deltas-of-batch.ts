import type { AttemptFinished } from '#domain';
import type { AttemptJson, DeliveryJson, EventJson } from '../record/rows-of-facts.js';
import { count, countAttempt, type Counts } from './counts.js';

const MINUTE_MS = 60_000;

/**
 * What is to be added to the counts of a minute. An array, for thousands of
 * them are written and read again. The webhook is '' where it is about events.
 * @property 3 the minute since 1970
 * @property 5 when the last attempt of those counted was begun, milliseconds since 1970; 0 when there was none
 */
export type Delta = [
  tenant: string,
  webhook: string,
  eventType: string,
  minute: number,
  counts: Counts,
  lastAttemptAt: number,
];

/** What of a batch the record did not know before. */
export interface NewInRecord {
  events: EventJson[];
  /** Deliveries that moved, with what they were before: null when they were not there. */
  deliveries: { row: DeliveryJson; was: string | null }[];
  attempts: { row: AttemptJson; fact: AttemptFinished }[];
}

/** What a batch changes in the statistics, each minute of a webhook and an event type once. */
export function deltasOf({ events, deliveries, attempts }: NewInRecord): Delta[] {
  const deltas = new Map<string, Delta>();
  const at = (tenant: string, webhook: string, type: string, time: number): Delta => {
    const minute = Math.floor(time / MINUTE_MS);
    const key = `${tenant}\n${webhook}\n${minute}\n${type}`;
    let delta = deltas.get(key);
    if (!delta) deltas.set(key, (delta = [tenant, webhook, type, minute, {}, 0]));
    return delta;
  };
  for (const { tenant, type, accepted_at, status, match_count } of events) {
    const counts = at(tenant, '', type, accepted_at)[4];
    if (status === 'rejected') count(counts, 'events.rejected');
    else {
      count(counts, 'events');
      if (match_count === 0) count(counts, 'events.unmatched');
    }
  }
  for (const { row, was } of deliveries) {
    if (row.status === was) continue;
    const counts = at(row.tenant, row.webhook_id, row.event_type, row.created_at)[4];
    count(counts, `deliveries.${row.status}`);
    if (was !== null) count(counts, `deliveries.${was}`, -1);
  }
  for (const { row, fact } of attempts) {
    const delta = at(row.tenant, fact.webhook, fact.event_type, row.started_at);
    countAttempt(delta[4], row);
    if (row.response_status !== null || row.error_kind !== null)
      delta[5] = Math.max(delta[5], row.started_at);
  }
  return [...deltas.values()].filter(([, , , , counts]) => Object.keys(counts).length > 0);
}
