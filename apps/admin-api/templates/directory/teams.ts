import { serviceUrl, type WebhookTemplate } from '../webhook-template.js';

export const teams: WebhookTemplate = {
  title: 'Microsoft Teams',
  description: 'Posts a card to a channel or chat of Microsoft Teams, by a workflow.',
  category: 'chat',
  documentation:
    'https://support.microsoft.com/en-us/office/create-incoming-webhooks-with-workflows-for-microsoft-teams-8ae491c7-0394-4861-ba59-055e33f75498',
  fields: [
    serviceUrl(
      'The URL of a workflow that begins when a webhook request is received.',
      'https://example.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke?sig=XXXX',
    ),
  ],
  webhook: { url: '<<url>>', format: 'teams', timeout_seconds: 15 },
};
