import { SECRET_FIELD, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const generic: WebhookTemplate = {
  title: 'Your own receiver',
  description: 'Standard Webhooks: type, timestamp and data, signed. For Zapier, Make and n8n as well.',
  category: 'generic',
  documentation: 'https://www.standardwebhooks.com',
  fields: [
    URL_FIELD,
    {
      ...SECRET_FIELD,
      example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      description: `${SECRET_FIELD.description} It begins with whsec_.`,
    },
  ],
  webhook: { url: '<<url>>', secret: '<<secret>>' },
};
