import { SECRET_FIELD, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const nexus: WebhookTemplate = {
  title: 'A receiver of NEXUS',
  description: 'What it was sent by NEXUS: five attempts, after 60, 120, 240 and 480 seconds.',
  category: 'earlier systems',
  documentation: null,
  fields: [URL_FIELD, { ...SECRET_FIELD, example: 'your-webhook-secret' }],
  webhook: {
    url: '<<url>>',
    secret: '<<secret>>',
    format: 'nexus',
    retry: {
      count: 4,
      strategy: 'exponential',
      initial_delay_seconds: 60,
      factor: 2,
      max_delay_seconds: 3600,
      jitter: 0,
    },
    timeout_seconds: 30,
  },
};
