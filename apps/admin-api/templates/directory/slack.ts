import { serviceUrl, type WebhookTemplate } from '../webhook-template.js';

export const slack: WebhookTemplate = {
  title: 'Slack',
  description: 'Posts a message to a channel of Slack.',
  category: 'chat',
  documentation: 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks',
  fields: [
    serviceUrl(
      'The URL of an incoming webhook; Slack makes it for a channel.',
      'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX',
    ),
  ],
  // Slack takes one message a second for each webhook.
  webhook: {
    url: '<<url>>',
    format: 'slack',
    rate_limit: { limit: 60, period_seconds: 60 },
    timeout_seconds: 10,
  },
};
