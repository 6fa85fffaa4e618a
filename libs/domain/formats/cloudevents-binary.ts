import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

/** CloudEvents 1.0.2, HTTP binding, section 3.1: the data are the body, the attributes are headers. */
export const cloudeventsBinary: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'CloudEvents 1.0 in binary mode: attributes in headers, the data alone in the body.',
  body: '{{data}}',
  ceHeaders: true,
};
