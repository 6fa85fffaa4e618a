import type { OperationNotes, PathExamples } from '../openapi/operation-note.js';

const published = { type: 'order.paid', data: { total: 120 }, id: 'order-4711-paid' };

const event = {
  id: 'order-4711-paid',
  type: 'order.paid',
  status: 'accepted',
  reason: null,
  timestamp: '2026-01-31T12:00:00.000Z',
  accepted_at: '2026-01-31T12:00:00.004Z',
  match_count: 1,
};

export const eventPaths: PathExamples = { id: event.id };

export const eventNotes: OperationNotes = {
  'Events.publish': {
    id: 'publishEvent',
    summary: 'Publish an event',
    body: published,
    answer: { id: 'order-4711-paid', duplicate: false },
  },
  'EventBatch.publish': {
    id: 'publishEvents',
    summary: 'Publish up to 1,000 events, each answered for itself',
    body: { events: [published, { type: 'order.paid', data: { total: 80 }, id: 'order-4712-paid' }] },
    answer: {
      accepted: 2,
      refused: 0,
      data: [
        { index: 0, id: 'order-4711-paid', duplicate: true },
        { index: 1, id: 'order-4712-paid', duplicate: false },
      ],
    },
  },
  'EventPreview.preview': {
    id: 'previewEvent',
    summary: 'Ask which webhooks would receive an event, and why the others would not',
    body: { type: 'order.paid', data: { total: 120 } },
    answer: {
      data: [
        {
          webhook_id: 'wh_01kfw3v2m0w5tq8h3d6n9r4c7e',
          name: 'large orders',
          status: 'active',
          receives: false,
          reason: 'filter',
          failed_condition: 'data.total.$gte',
        },
      ],
      next_cursor: null,
    },
  },
  'Events.list': {
    id: 'listEvents',
    summary: 'List and search events',
    answer: { data: [event], next_cursor: null },
  },
  'Events.read': {
    id: 'readEvent',
    summary: 'Read an event with what it matched',
    answer: {
      ...event,
      data: { total: 120 },
      metadata: null,
      excerpt: null,
      matches: [
        {
          delivery_id: 'dlv_01kfw3v2m0w5tq8h3d6n9r4c7e',
          webhook_id: 'wh_01kfw3v2m0w5tq8h3d6n9r4c7e',
          status: 'success',
        },
      ],
    },
  },
};
