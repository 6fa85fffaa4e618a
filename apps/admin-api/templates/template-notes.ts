import type { OperationNotes, PathExamples } from '../openapi/operation-note.js';
import { createdWebhookExample } from '../webhooks/webhook-notes.js';

const example = {
  id: 'slack',
  title: 'Slack',
  description: 'Posts a message to a channel of Slack.',
  category: 'chat',
  documentation: 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks',
  fields: [
    {
      ...{ name: 'url', title: 'URL', required: true, secret: false },
      description: 'The URL of an incoming webhook.',
      example: 'https://hooks.slack.com/services/T00000000/B00000000/XXXX',
    },
  ],
  webhook: { url: '<<url>>', format: 'slack' },
};

export const templatePaths: PathExamples = { id: 'slack' };

export const templateNotes: OperationNotes = {
  'Templates.list': {
    id: 'listTemplates',
    summary: 'List ready-made webhooks',
    answer: { data: [example], next_cursor: null },
  },
  'Templates.one': { id: 'readTemplate', summary: 'Read a ready-made webhook', answer: example },
  'Templates.create': {
    id: 'createFromTemplate',
    versioned: true,
    summary: 'Create a webhook from a ready-made one',
    body: {
      fields: { url: 'https://hooks.slack.com/services/T00000000/B00000000/XXXX' },
      name: 'Orders in Slack',
      event_types: ['order.>'],
    },
    answer: createdWebhookExample,
  },
};
