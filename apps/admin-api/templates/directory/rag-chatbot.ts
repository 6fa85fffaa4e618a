import { URL_FIELD, type TemplateField, type WebhookTemplate } from '../webhook-template.js';

const token: TemplateField = {
  name: 'auth_token',
  title: 'auth_token',
  description: 'Of a receiver that asks for a bearer token.',
  required: true,
  secret: true,
  example: 'your-secret-token',
};

export const ragChatbot: WebhookTemplate = {
  title: 'A receiver of the RAG chatbot',
  description: 'What it was sent by the RAG chatbot, at its pace: retries after 1, 2 and 4 seconds.',
  category: 'earlier systems',
  documentation: null,
  fields: [URL_FIELD, token],
  webhook: {
    url: '<<url>>',
    format: 'rag-chatbot',
    auth: { type: 'bearer', token: '<<auth_token>>' },
    retry: {
      count: 3,
      strategy: 'exponential',
      initial_delay_seconds: 1,
      factor: 2,
      max_delay_seconds: 30,
      jitter: 0,
    },
    timeout_seconds: 30,
  },
};
