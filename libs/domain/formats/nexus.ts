import { PLAIN_FORMAT, SIGNED_BODY, type FormatDefinition } from './format-definition.js';

/** NEXUS. Its receivers sort the keys of what they have parsed before they verify it. */
export const nexus: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'What receivers of NEXUS know: event_id, event_type, payload and timestamp, keys sorted.',
  body: '{"event_id":{{id}},"event_type":{{type}},"payload":{{data}},"timestamp":{{timestamp | seconds}}}',
  headers: { 'User-Agent': 'NEXUS-Webhooks/1.0' },
  signature: { ...SIGNED_BODY, header: 'X-Webhook-Signature' },
  writing: 'python_sorted',
};
