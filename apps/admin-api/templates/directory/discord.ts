import { serviceUrl, type WebhookTemplate } from '../webhook-template.js';

export const discord: WebhookTemplate = {
  title: 'Discord',
  description: 'Posts a message to a channel of Discord.',
  category: 'chat',
  documentation: 'https://docs.discord.com/developers/resources/webhook',
  fields: [
    serviceUrl(
      'The URL of a webhook; Discord makes it for a channel.',
      'https://discord.com/api/webhooks/123456789012345678/abcdefghijklmnop',
    ),
  ],
  webhook: {
    url: '<<url>>',
    format: 'discord',
    rate_limit: { limit: 30, period_seconds: 60 },
    timeout_seconds: 10,
  },
};
