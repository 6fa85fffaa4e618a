import { SECRET_FIELD, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const cloudevents: WebhookTemplate = {
  title: 'CloudEvents',
  description: 'CloudEvents 1.0 over HTTP, in structured mode.',
  category: 'generic',
  documentation: 'https://cloudevents.io',
  fields: [URL_FIELD, { ...SECRET_FIELD, example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
  webhook: { url: '<<url>>', secret: '<<secret>>', format: 'cloudevents' },
};
