import { credential, URL_FIELD, type WebhookTemplate } from '../webhook-template.js';

export const genericBasic: WebhookTemplate = {
  title: 'Your own receiver, with a user name and a password',
  description: 'Standard Webhooks, with `Authorization: Basic`.',
  category: 'generic',
  documentation: 'https://www.rfc-editor.org/rfc/rfc7617',
  fields: [
    URL_FIELD,
    {
      ...{ name: 'username', title: 'User name', example: 'tidings', required: true, secret: false },
      description: 'It has no colon in it.',
    },
    credential('password', 'Password', 'The password of that user.', 'a-long-password'),
  ],
  webhook: { url: '<<url>>', auth: { type: 'basic', username: '<<username>>', password: '<<password>>' } },
};
