import { SECRET_FIELD, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const notely: WebhookTemplate = {
  title: 'A receiver of Notely',
  description: 'What it was sent by Notely: retries after 2, 4 and 8 seconds.',
  category: 'earlier systems',
  documentation: null,
  fields: [URL_FIELD, { ...SECRET_FIELD, example: 'the-secret-that-notely-showed' }],
  webhook: {
    url: '<<url>>',
    secret: '<<secret>>',
    format: 'notely',
    retry: {
      count: 3,
      strategy: 'exponential',
      initial_delay_seconds: 2,
      factor: 2,
      max_delay_seconds: 60,
      jitter: 0,
    },
    timeout_seconds: 10,
  },
};
