import { newJob } from '../jobs/job-notes.js';
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

export const attemptExample = {
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
  console: null,
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
    answer: { ...delivery, attempts: [attemptExample] },
  },
  'WebhookDeliveries.list': {
    id: 'listDeliveriesOfWebhook',
    summary: 'List the deliveries of a webhook',
    answer: { data: [delivery], next_cursor: null },
  },
  'DeliveryControl.retry': {
    id: 'retryDelivery',
    summary: 'Have a delivery attempted now, whether it has ended or waits for its next attempt',
    answer: { ...delivery, attempts: [attemptExample] },
  },
  'DeliveryControl.cancel': {
    id: 'cancelDelivery',
    summary: 'End a delivery that is owed',
    answer: {
      ...delivery,
      status: 'cancelled',
      attempt_count: 0,
      reason: 'cancelled_by_user',
      attempts: [],
    },
  },
  'DeliveryControl.bulkRetry': {
    id: 'retryDeliveries',
    summary: 'Have all deliveries attempted again that have ended and pass a filter',
    body: { event_type: 'order.paid', status: 'failed', since: '2026-01-31T00:00:00Z', dry_run: true },
    answer: { count: 12_000 },
    alsoAnswers: {
      202: {
        ...newJob,
        kind: 'bulk_retry',
        params: { event_type: 'order.paid', status: 'failed', until: '2026-01-31T12:00:00.000Z' },
      },
    },
  },
};
