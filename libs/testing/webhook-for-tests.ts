import { DEFAULT_RETRY, newId, type RoutedTenant, type RoutedWebhook } from '#domain';

/** A webhook as the data plane knows it, active and listening to everything unless it is said otherwise. */
export function routedWebhook(change: Partial<RoutedWebhook> = {}): RoutedWebhook {
  return {
    id: newId('wh'),
    tenant: 'acme',
    version: 1,
    status: 'active',
    url: 'http://127.0.0.1:1/',
    method: 'POST',
    event_types: ['*'],
    filter: null,
    headers: {},
    auth: { type: 'none' },
    credentials: {},
    timeout_seconds: 5,
    retry: DEFAULT_RETRY,
    format: 'standard',
    transform: null,
    rate_limit: null,
    concurrency: 16,
    ordered: false,
    ownership: null,
    secrets: [],
    retiring_secrets: [],
    ...change,
  };
}

/** A tenant as the data plane knows it, without limits and not strict unless it is said otherwise. */
export function routedTenant(change: Partial<RoutedTenant> = {}): RoutedTenant {
  return {
    id: 'acme',
    version: 1,
    strict_event_types: false,
    max_deliveries_per_hour_per_webhook: null,
    ...change,
  };
}

/** Stream settings for specs. */
export const TOPOLOGY = {
  dedupWindowSeconds: 120,
  eventsMaxAgeHours: 24,
  journalMaxAgeHours: 24,
  replicas: 1,
};
