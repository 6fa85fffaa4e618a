import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

/** CloudEvents 1.0.2, JSON event format, by the HTTP binding's structured mode. */
export const cloudevents: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'CloudEvents 1.0 in structured mode: attributes and data in one JSON object.',
  body: '{{{cloudevent_attributes}},"data":{{data}}}',
  headers: { 'Content-Type': 'application/cloudevents+json; charset=utf-8' },
};
