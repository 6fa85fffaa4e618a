import { credential, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const genericBearer: WebhookTemplate = {
  title: 'Your own receiver, with a bearer token',
  description: 'Standard Webhooks, with `Authorization: Bearer`.',
  category: 'generic',
  documentation: 'https://www.rfc-editor.org/rfc/rfc6750',
  fields: [URL_FIELD, credential('token', 'Token', 'What the receiver knows us by.', 'a-long-random-token')],
  webhook: { url: '<<url>>', auth: { type: 'bearer', token: '<<token>>' } },
};
