import { credential, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const systemprompt: WebhookTemplate = {
  title: 'A receiver of SystemPrompt OS',
  description: 'What it was sent by SystemPrompt OS, signed by HMAC: three attempts, after 1 and 2 seconds.',
  category: 'earlier systems',
  documentation: null,
  fields: [
    URL_FIELD,
    credential('secret', 'secret', 'The secret of its HMAC authentication.', 'shared-secret'),
  ],
  webhook: {
    url: '<<url>>',
    format: 'systemprompt',
    auth: { type: 'hmac', secret: '<<secret>>' },
    retry: {
      count: 2,
      strategy: 'exponential',
      initial_delay_seconds: 1,
      factor: 2,
      max_delay_seconds: 60,
      jitter: 0,
    },
    timeout_seconds: 30,
  },
};
