import { routedWebhook } from '#testing';
import { readRoutedWebhook } from './routed-webhook.js';

describe('a webhook in the bucket', () => {
  it('that an earlier version of Tidings wrote is posted to in the standard format, without filter, headers and auth', () => {
    const { id, tenant, version, status, url, event_types, timeout_seconds, retry, secrets } =
      routedWebhook();
    const early = { id, tenant, version, status, url, event_types, timeout_seconds, retry, secrets };
    expect(readRoutedWebhook(early)).toEqual(routedWebhook({ id }));
  });

  it('that is whole is read as it is', () => {
    const webhook = routedWebhook({ method: 'PUT', filter: { type: 'a' } });
    expect(JSON.stringify(readRoutedWebhook(webhook))).toBe(JSON.stringify(webhook));
  });
});
