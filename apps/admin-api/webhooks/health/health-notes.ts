import type { OperationNotes } from '../../openapi/operation-note.js';

export const healthNotes: OperationNotes = {
  'WebhookHealth.health': {
    id: 'readWebhookHealth',
    summary: 'Read how a webhook fares',
    answer: {
      status: 'active',
      disabled_reason: null,
      breaker: {
        state: 'open',
        failures: 10,
        opened_at: '2026-01-31T12:00:00.000Z',
        next_probe_at: '2026-01-31T12:00:28.000Z',
      },
      lane: { length: 42 },
      rates: {
        attempts_last_hour: 40,
        failed_last_hour: 10,
        success_rate_last_hour: 0.75,
        complete: true,
      },
      last_attempt_at: '2026-01-31T12:00:00.000Z',
      last_success_at: '2026-01-31T11:59:00.000Z',
      last_failure_at: '2026-01-31T12:00:00.000Z',
      failing_since: '2026-01-31T11:59:10.000Z',
    },
  },
};
