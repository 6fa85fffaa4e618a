import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

export const raw: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'The data alone, in the bytes that were published.',
  body: '{{data}}',
};
