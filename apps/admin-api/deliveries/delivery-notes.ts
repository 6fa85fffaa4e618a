import type { OperationNotes, PathExamples } from '../openapi/operation-note.js';

const delivery = {
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
};

const attempt = {
  id: 'att_01kfw3v2m0w5tq8h3d6n9r4c7e',
  number: 1,
  trigger: 'auto',
  started_at: '2026-01-31T12:00:00.010Z',
  duration_ms: 110,
  request: {
    method: 'POST',
    url: 'https://shop.example.com/hooks/orders',
    headers: { 'content-type': 'application/json', 'webhook-id': 'order-4711-paid' },
    body: '{"type":"order.paid","timestamp":"2026-01-31T12:00:00.000Z","data":{"total":120}}',
  },
  response: { status: 204, headers: {}, body: '', truncated: false },
  error: null,
};

export const deliveryPaths: PathExamples = { id: delivery.id };

export const deliveryNotes: OperationNotes = {
  'Deliveries.list': {
    id: 'listDeliveries',
    summary: 'List deliveries',
    answer: { data: [delivery], next_cursor: null },
  },
  'Deliveries.read': {
    id: 'readDelivery',
    summary: 'Read a delivery with its attempts',
    answer: { ...delivery, attempts: [attempt] },
  },
};
