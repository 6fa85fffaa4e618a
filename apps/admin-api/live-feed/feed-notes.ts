import type { OperationNotes } from '../openapi/operation-note.js';

const data = {
  id: 'dlv_01kfw3v2m0w5tq8h3d6n9r4c7e',
  event_id: 'order-4711-paid',
  event_type: 'order.paid',
  webhook_id: 'wh_01kfw3v2m0w5tq8h3d6n9r4c7e',
  status: 'success',
  attempt_count: 1,
  next_attempt_at: null,
  created_at: '2026-01-31T12:00:00.000Z',
  completed_at: '2026-01-31T12:00:00.120Z',
  reason: null,
  attempt: {
    id: 'att_01kfw3v2m0w5tq8h3d6n9r4c7e',
    number: 1,
    trigger: 'auto',
    duration_ms: 110,
    started_at: '2026-01-31T12:00:00.010Z',
    status_code: 204,
    error: null,
  },
};

export const feedNotes: OperationNotes = {
  'LiveFeed.stream': {
    id: 'streamDeliveries',
    summary: 'Listen to what becomes of deliveries (server-sent events)',
    answer: `id: 1042.0\nevent: delivery\ndata: ${JSON.stringify(data)}\n\n`,
  },
};
