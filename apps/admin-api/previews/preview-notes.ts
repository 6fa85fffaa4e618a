import type { OperationNotes } from '../openapi/operation-note.js';

const request = {
  method: 'POST',
  url: 'https://hooks.example.com/orders',
  headers: {
    'Content-Type': 'application/json',
    'User-Agent': 'Tidings/0.1.0',
    'webhook-id': 'evt_01kfw3v2m0w5tq8h3d6n9r4c7e',
    'webhook-signature': 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  },
  body: '{"type":"order.paid","timestamp":"2026-01-15T10:30:00.000Z","data":{"total":120}}',
};

export const previewNotes: OperationNotes = {
  'WebhookPreviews.preview': {
    id: 'previewWebhook',
    summary: 'See the request that a webhook would be sent, without sending it',
    body: { event_type: 'order.paid', data: { total: 120 } },
    answer: {
      request,
      truncated: false,
      curl: "curl -X POST 'https://hooks.example.com/orders' …",
      ...{ before: null, dropped: false, error: null, console: null },
      ...{ receives: true, reason: null, failed_condition: null },
    },
  },
  'Transforms.try': {
    id: 'tryTransform',
    summary: 'See what a transform makes of an event, without a webhook',
    body: {
      transform: 'function transform(event) { event.data.total *= 100; return event; }',
      event_type: 'order.paid',
      data: { total: 120 },
    },
    answer: {
      before: request,
      after: { ...request, body: request.body.replace('120', '12000') },
      ...{ dropped: false, error: null, console: [], duration_ms: 0.4 },
    },
  },
  'Formats.list': {
    id: 'listFormats',
    summary: 'List the built-in formats',
    answer: {
      data: [
        {
          name: 'raw',
          description: 'The data alone, in the bytes that were published.',
          headers: { 'Content-Type': 'application/json' },
          signature: null,
          body: '{"total":120}',
        },
      ],
    },
  },
};
