import type { WebhookState } from './webhook.js';
import type { WebhookEvent } from './webhook-events.js';

/**
 * The state after an event. Total: an event that does not fit what went before
 * (which decideWebhook never makes) leaves everything but the version as it was.
 */
export function evolveWebhook(state: WebhookState, event: WebhookEvent): WebhookState {
  const version = state.version + 1;
  if (event.type === 'webhook.created') {
    const { secret: _secret, ...definition } = event.data;
    return {
      kind: 'live',
      id: event.webhook,
      tenant: event.tenant,
      version,
      ...definition,
      disabled_reason: null,
      created_at: event.at,
      updated_at: event.at,
    };
  }
  if (state.kind !== 'live') return state.kind === 'none' ? state : { ...state, version };
  const touched = { ...state, version, updated_at: event.at };
  switch (event.type) {
    case 'webhook.changed':
      return { ...touched, ...event.data };
    case 'webhook.paused':
      return { ...touched, status: 'inactive', disabled_reason: null };
    case 'webhook.resumed':
      return { ...touched, status: 'active', disabled_reason: null };
    case 'webhook.deleted':
      return { kind: 'deleted', id: state.id, tenant: state.tenant, version };
  }
}
