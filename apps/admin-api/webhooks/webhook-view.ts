import { MASK, type LiveWebhook, type RequestHeaders, type WebhookAuth } from '#domain';
import type { WebhookHistoryEntry } from '#persistence';
import { versioned } from '../http/versioned.js';
import type { WebhookView } from './webhook-schemas.js';

/** What the API shows of a webhook. No secret is among it. */
export function webhookViewOf(webhook: LiveWebhook): WebhookView {
  return {
    id: webhook.id,
    name: webhook.name,
    description: webhook.description,
    tags: webhook.tags,
    metadata: webhook.metadata,
    url: webhook.url,
    method: webhook.method,
    event_types: webhook.event_types,
    filter: webhook.filter,
    status: webhook.status,
    disabled_reason: webhook.disabled_reason,
    ownership: shownOwnership(webhook),
    headers: maskedHeaders(webhook.headers),
    auth: maskedAuth(webhook.auth),
    timeout_seconds: webhook.timeout_seconds,
    retry: webhook.retry,
    format: webhook.format,
    transform: webhook.transform,
    rate_limit: webhook.rate_limit,
    concurrency: webhook.concurrency,
    ordered: webhook.ordered,
    created_at: new Date(webhook.created_at).toISOString(),
    updated_at: new Date(webhook.updated_at).toISOString(),
  };
}

/** The webhook as an answer, with its version. */
export function shownWebhook(webhook: LiveWebhook) {
  return versioned(webhook, webhookViewOf(webhook));
}

function shownOwnership({ ownership }: LiveWebhook): WebhookView['ownership'] {
  if (ownership === null) return null;
  const { check, proven_at, origin, allowed_per_minute } = ownership;
  return {
    check,
    state: proven_at === null ? 'pending' : 'proven',
    proven_at: proven_at === null ? null : new Date(proven_at).toISOString(),
    origin,
    allowed_per_minute,
  };
}

export function maskedHeaders(headers: RequestHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : MASK]),
  );
}

export function maskedAuth(auth: WebhookAuth): WebhookView['auth'] {
  switch (auth.type) {
    case 'none':
      return auth;
    case 'bearer':
      return { ...auth, token: MASK };
    case 'api_key':
      return { ...auth, key: MASK };
    case 'basic':
      return { ...auth, password: MASK };
    case 'hmac':
      return { ...auth, secret: MASK };
    case 'oauth2':
      return { ...auth, client_secret: MASK };
    case 'mtls':
      return { ...auth, private_key: MASK };
  }
}

/** An entry of the ledger as it is shown: who decided what, and when. */
export function historyEntryOf({ version, event }: WebhookHistoryEntry) {
  const { type, actor, at } = event;
  return { version, type, at: new Date(at).toISOString(), actor, data: shownData(event) };
}

function shownData(event: WebhookHistoryEntry['event']): Record<string, unknown> {
  if (event.type === 'webhook.secret_rotated') {
    const { secret, previous_until } = event.data;
    return { secret, previous_until: new Date(previous_until).toISOString() };
  }
  if (event.type !== 'webhook.created' && event.type !== 'webhook.changed') return { ...event.data };
  const { headers, auth } = event.data;
  return {
    ...event.data,
    ...(headers ? { headers: maskedHeaders(headers) } : {}),
    ...(auth ? { auth: maskedAuth(auth) } : {}),
  };
}
