import { credential, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const genericHmac: WebhookTemplate = {
  title: 'Your own receiver, with a signature as GitHub has it',
  description: 'Standard Webhooks, and `X-Webhook-Signature: sha256=<hex>` over the body.',
  category: 'generic',
  documentation: null,
  fields: [URL_FIELD, credential('secret', 'Secret', 'What the receiver verifies with.', 'a-shared-secret')],
  webhook: { url: '<<url>>', auth: { type: 'hmac', secret: '<<secret>>' } },
};
