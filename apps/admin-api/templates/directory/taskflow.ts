import { SECRET_FIELD, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const taskflow: WebhookTemplate = {
  title: 'A receiver of TaskFlow',
  description: 'What it was sent by TaskFlow: retries after 2, 4 and 8 seconds.',
  category: 'earlier systems',
  documentation: null,
  fields: [URL_FIELD, { ...SECRET_FIELD, title: 'secret_token', example: 'your-secret-token' }],
  webhook: {
    url: '<<url>>',
    secret: '<<secret>>',
    format: 'taskflow',
    retry: {
      count: 3,
      strategy: 'exponential',
      initial_delay_seconds: 2,
      factor: 2,
      max_delay_seconds: 60,
      jitter: 0,
    },
    timeout_seconds: 30,
  },
};
