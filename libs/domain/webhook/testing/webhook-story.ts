import { DEFAULT_RETRY } from '../../delivery/retry-policy.js';
import { decideWebhook, type WebhookCommand } from '../decide-webhook.js';
import { evolveWebhook } from '../evolve-webhook.js';
import { NO_WEBHOOK, PLAIN_WEBHOOK, type WebhookDefinition } from '../webhook.js';
import type { WebhookEvent } from '../webhook-events.js';

export const decided = { tenant: 'default', webhook: 'wh_1', actor: 'operator', at: 1_000 };
export const later = { ...decided, actor: 'key_2', at: 2_000 };
export const definition: WebhookDefinition = {
  ...PLAIN_WEBHOOK,
  name: 'orders',
  url: 'https://example.com/hook',
  event_types: ['order.*'],
  status: 'active',
  timeout_seconds: 30,
  retry: DEFAULT_RETRY,
};
export const created: WebhookEvent = {
  ...decided,
  type: 'webhook.created',
  data: { ...definition, secret: { number: 1, origin: 'generated' } },
};
export const paused: WebhookEvent = { ...decided, type: 'webhook.paused', data: {} };
export const deleted: WebhookEvent = { ...decided, type: 'webhook.deleted', data: {} };

/** What a webhook's ledger holds, and what is then decided on a command. */
export const given = (...events: WebhookEvent[]) => {
  const state = events.reduce(evolveWebhook, NO_WEBHOOK);
  return { state, when: (command: WebhookCommand) => () => decideWebhook(state, command) };
};
