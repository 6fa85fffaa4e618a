import { PLAIN_WEBHOOK, type WebhookState } from './webhook.js';
import type { WebhookEvent } from './webhook-events.js';

/**
 * The state after an event. Total: an event that does not fit what went before
 * (which decideWebhook never makes) leaves everything but the version as it was.
 */
export function evolveWebhook(state: WebhookState, event: WebhookEvent): WebhookState {
  const version = state.version + 1;
  if (event.type === 'webhook.created') {
    const { secret, ...definition } = event.data;
    return {
      kind: 'live',
      id: event.webhook,
      tenant: event.tenant,
      version,
      ...PLAIN_WEBHOOK,
      ...definition,
      disabled_reason: null,
      ownership: null,
      standing_since: event.at,
      secret_number: secret.number,
      retiring: [],
      created_at: event.at,
      updated_at: event.at,
    };
  }
  if (state.kind !== 'live') return state.kind === 'none' ? state : { ...state, version };
  const touched = { ...state, version, updated_at: event.at };
  switch (event.type) {
    case 'webhook.changed':
      return {
        ...touched,
        ...event.data,
        // Whoever agreed was asked at the URL before.
        ...(event.data.url === undefined ? {} : { ownership: null, standing_since: event.at }),
      };
    case 'webhook.paused':
      return { ...touched, status: 'inactive', disabled_reason: null, standing_since: event.at };
    case 'webhook.resumed':
      return { ...touched, status: 'active', disabled_reason: null, standing_since: event.at };
    case 'webhook.disabled':
      return {
        ...touched,
        status: 'disabled',
        disabled_reason: event.data.reason,
        standing_since: event.at,
      };
    case 'webhook.secret_rotated': {
      const { secret, previous_until } = event.data;
      const earlier = [{ number: state.secret_number, until: previous_until }, ...state.retiring];
      return {
        ...touched,
        secret_number: secret.number,
        retiring: earlier
          .map(({ number, until }) => ({ number, until: Math.min(until, previous_until) }))
          .filter(({ until }) => until > event.at),
      };
    }
    case 'webhook.ownership_asked':
      return {
        ...touched,
        ownership: { check: event.data.check, proven_at: null, origin: null, allowed_per_minute: null },
      };
    case 'webhook.ownership_proven': {
      const { check, origin, allowed_per_minute } = event.data;
      return { ...touched, ownership: { check, proven_at: event.at, origin, allowed_per_minute } };
    }
    case 'webhook.deleted':
      return { kind: 'deleted', id: state.id, tenant: state.tenant, version };
  }
}
