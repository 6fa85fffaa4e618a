import { PLAIN_FORMAT, SIGNED_BODY, type FormatDefinition } from './format-definition.js';

/** TaskFlow. What it calls the request is a member of the event's metadata, or of its data. */
export const taskflow: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'What receivers of TaskFlow know: type, request_id, timestamp and payload.',
  body:
    '{"type":{{type}},"request_id":{{metadata.request_id | or: data.request_id}},' +
    '"timestamp":{{timestamp | seconds}},"payload":{{data}}}',
  headers: { 'X-TaskFlow-Event': '{{type}}', 'X-TaskFlow-Delivery-ID': '{{delivery_id}}' },
  signature: { ...SIGNED_BODY, header: 'X-TaskFlow-Signature' },
};
