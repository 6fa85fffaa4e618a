import type { OperationNotes } from '../openapi/operation-note.js';

const figures = {
  events: 1_000,
  events_unmatched: 10,
  events_rejected: 2,
  deliveries: {
    total: 1_200,
    success: 1_140,
    failed: 12,
    pending: 8,
    sending: 0,
    retrying: 20,
    cancelled: 20,
  },
  attempts: { total: 1_260, success: 1_140, failed: 120, dropped: 4, test: 1 },
  attempts_per_delivery: 1.05,
  success_rate: 0.9896,
  latency_ms: { p50: 41.5, p95: 210, p99: 1_960.2 },
  by_status_code: { 200: 1_100, 204: 40, 500: 90 },
  by_error_kind: { http_status: 90, timeout: 30 },
};

const ofAll = {
  window: '24h',
  since: '2026-01-30T12:00:00.000Z',
  until: '2026-01-31T12:00:21.000Z',
  ...figures,
  last_triggered_at: '2026-01-31T12:00:20.000Z',
  retry_queue: 20,
  top_failing: [
    {
      webhook_id: 'wh_01kfw3v2m0w5tq8h3d6n9r4c7e',
      name: 'orders to the shop',
      failed: 12,
      success: 36,
      success_rate: 0.75,
    },
  ],
};

export const statisticsNotes: OperationNotes = {
  'Statistics.stats': {
    id: 'readStatistics',
    summary: 'Read how events, deliveries and attempts fared',
    answer: ofAll,
  },
  'Statistics.timeseries': {
    id: 'readStatisticsOverTime',
    summary: 'Read how they fared in each minute, hour or day',
    answer: {
      ...{ window: '24h', step: '1h' },
      ...{ since: '2026-01-30T12:00:00.000Z', until: '2026-01-31T12:00:21.000Z' },
      ...{ webhook_id: null, event_type: 'order.paid' },
      points: [{ starts_at: '2026-01-30T12:00:00.000Z', ...figures }],
    },
  },
  'WebhookStatistics.stats': {
    id: 'readStatisticsOfWebhook',
    summary: 'Read how the deliveries of a webhook fared',
    answer: { ...ofAll, events: 1_200, events_unmatched: 0, events_rejected: 0 },
  },
};
