import { credential, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const genericApiKey: WebhookTemplate = {
  title: 'Your own receiver, with an API key',
  description: 'Standard Webhooks, with a key in a header.',
  category: 'generic',
  documentation: null,
  fields: [
    URL_FIELD,
    credential('key', 'Key', 'What the receiver knows us by.', 'a-long-random-key'),
    {
      ...{ name: 'header_name', title: 'Header', example: 'X-API-Key', required: false, secret: false },
      description: 'The header that carries the key; X-API-Key where it is left out.',
    },
  ],
  webhook: { url: '<<url>>', auth: { type: 'api_key', key: '<<key>>', header_name: '<<header_name>>' } },
};
