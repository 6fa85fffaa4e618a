import { reasonAgainst } from '#domain';
import { compileFilter, firstFailure, type FilterSubject } from '#payload';
import type { WebhookRow } from '#persistence';
import type { Preview } from './preview-schemas.js';

/** Whether a webhook would receive an event, decided as the subscriber's routing decides; and if not, why. */
export function previewOf(webhook: WebhookRow, event: FilterSubject): Preview {
  const { id: webhook_id, name, status, filter } = webhook;
  const against = reasonAgainst(webhook, event.type);
  const failed = against === undefined && filter !== null ? failedCondition(filter, event) : null;
  return {
    webhook_id,
    name,
    status,
    receives: against === undefined && failed === null,
    reason: against ?? (failed === null ? null : 'filter'),
    failed_condition: failed,
  };
}

function failedCondition(filter: unknown, event: FilterSubject): string | null {
  const compiled = compileFilter(filter);
  // The routing lets nothing pass a filter that it cannot read.
  return compiled.ok ? (firstFailure(compiled.condition, event) ?? null) : '';
}
