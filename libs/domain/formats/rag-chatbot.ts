import { PLAIN_FORMAT, type FormatDefinition } from './format-definition.js';

/** The RAG chatbot's outgoing webhooks. */
export const ragChatbot: FormatDefinition = {
  ...PLAIN_FORMAT,
  description: 'What receivers of the RAG chatbot know: event, timestamp and data.',
  body: '{"event":{{type}},"timestamp":{{timestamp | seconds}},"data":{{data}}}',
};
