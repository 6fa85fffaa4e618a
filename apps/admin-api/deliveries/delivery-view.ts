import type { AttemptRow, DeliveryRow } from '#persistence';
import type { z } from 'zod';
import type { AttemptView, deliveryView, DeliverySummary } from './delivery-schemas.js';

export function deliverySummaryOf(row: DeliveryRow): DeliverySummary {
  return {
    id: row.id,
    event_id: row.event_id,
    event_type: row.event_type,
    webhook_id: row.webhook_id,
    status: row.status,
    attempt_count: row.attempt_count,
    next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    completed_at: row.completed_at?.toISOString() ?? null,
    reason: row.reason,
  };
}

export function attemptViewOf(row: AttemptRow): AttemptView {
  const { method, url, request_headers, request_body, response_status, error_kind } = row;
  return {
    id: row.id,
    number: row.number,
    trigger: row.trigger,
    started_at: row.started_at.toISOString(),
    duration_ms: row.duration_ms,
    request: { method, url, headers: request_headers, body: request_body },
    response:
      response_status === null
        ? null
        : {
            status: response_status,
            headers: row.response_headers ?? {},
            body: row.response_body ?? '',
            truncated: row.response_truncated,
          },
    error: error_kind === null ? null : { kind: error_kind, message: row.error_message ?? '' },
    console: row.console,
  };
}

export function deliveryViewOf({
  delivery,
  attempts,
}: {
  delivery: DeliveryRow;
  attempts: AttemptRow[];
}): z.output<typeof deliveryView> {
  return { ...deliverySummaryOf(delivery), attempts: attempts.map(attemptViewOf) };
}
