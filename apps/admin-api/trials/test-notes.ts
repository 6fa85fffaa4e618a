import { attemptExample } from '../deliveries/delivery-notes.js';
import type { OperationNotes } from '../openapi/operation-note.js';

export const testNotes: OperationNotes = {
  'WebhookTests.test': {
    id: 'testWebhook',
    summary: 'Send a webhook a test event now, and see what came of it',
    body: { event_type: 'order.paid', data: { total: 120 } },
    answer: {
      ...attemptExample,
      trigger: 'test',
      delivery_id: 'dlv_01kfw3v2m0w5tq8h3d6n9r4c7e',
      event_id: 'evt_01kfw3v2m0w5tq8h3d6n9r4c7e',
    },
  },
};
