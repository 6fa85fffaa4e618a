import type { CallApi } from './api-client.js';

interface Webhook {
  readonly id: string;
  readonly name: string;
  readonly url: string;
}

/**
 * Makes the demo's webhooks, or leads those of an earlier demo to where the
 * receiver is now. Their secret is ours, as it would be shown only once.
 */
export async function ensureDemoWebhooks(
  callApi: CallApi,
  receiverUrl: string,
  secret: string,
): Promise<void> {
  const wanted = [
    { name: 'demo-all', url: `${receiverUrl}/all`, event_types: ['*'] },
    { name: 'demo-orders', url: `${receiverUrl}/orders`, event_types: ['order.*'] },
  ];
  const { data: existing } = await callApi<{ data: Webhook[] }>('GET', '/webhooks?limit=250&q=demo-');
  for (const webhook of wanted) {
    const found = existing.find(({ name }) => name === webhook.name);
    if (found === undefined) await callApi('POST', '/webhooks', { ...webhook, secret });
    else if (found.url !== webhook.url) await callApi('PATCH', `/webhooks/${found.id}`, { url: webhook.url });
  }
}
