import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

/** Standard Webhooks 1.0. */
export const standard: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'Standard Webhooks: type, timestamp and data.',
  body: '{"type":{{type}},"timestamp":{{timestamp}},"data":{{data}}}',
};
