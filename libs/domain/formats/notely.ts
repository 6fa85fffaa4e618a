import { PLAIN_FORMAT, SIGNED_BODY, type FormatDefinition } from './format-definition.js';

/** Notely. Its receivers, in Python or JavaScript, verify what they have parsed and written again. */
export const notely: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'What receivers of Notely know: event_type, event_id, timestamp and data.',
  body: '{"event_type":{{type}},"event_id":{{id}},"timestamp":{{timestamp | seconds}},"data":{{data}}}',
  headers: { 'X-Webhook-Event': '{{type}}', 'X-Webhook-Delivery': '{{delivery_id}}' },
  signature: { ...SIGNED_BODY, header: 'X-Webhook-Signature' },
  writing: 'python_or_javascript',
};
