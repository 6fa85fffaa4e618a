import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

/** SystemPrompt OS. Its signature is that of a webhook's auth of type `hmac`. */
export const systemprompt: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'What receivers of SystemPrompt OS know: webhook_id, event, timestamp, data and metadata.',
  body:
    '{"webhook_id":{{webhook_id}},"event":{{type}},"timestamp":{{timestamp}},"data":{{data}},' +
    '"metadata":{{metadata | default: {}}}}',
  headers: {
    'User-Agent': 'SystemPrompt-Webhook/1.0',
    'X-Webhook-Event': '{{type}}',
    'X-Webhook-Id': '{{webhook_id}}',
    'X-Webhook-Timestamp': '{{timestamp}}',
  },
};
