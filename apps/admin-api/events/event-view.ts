import type { DeliveryRow, EventRow, EventSummaryRow } from '#persistence';
import { jsonObject, RawJson } from '../http/raw-json.js';
import type { EventSummary } from './event-schemas.js';

export function eventSummaryOf(row: EventSummaryRow): EventSummary {
  return {
    id: row.id,
    type: row.type,
    status: row.status,
    reason: row.reason,
    timestamp: row.timestamp,
    accepted_at: row.accepted_at.toISOString(),
    match_count: row.match_count,
  };
}

/** The JSON text of an event with its matches; data and metadata are the text that was published. */
export function eventText(row: EventRow, deliveries: DeliveryRow[]): string {
  const readable = row.status === 'accepted';
  return jsonObject({
    ...eventSummaryOf(row),
    data: readable && row.data !== null ? new RawJson(row.data) : null,
    metadata: row.metadata === null ? null : new RawJson(row.metadata),
    excerpt: readable || row.data === null ? null : new RawJson(row.data),
    matches: deliveries.map(({ id, webhook_id, status }) => ({ delivery_id: id, webhook_id, status })),
  });
}
