import type { WebhookId } from '../ids.js';
import type { RoutedWebhook } from '../webhook/routed-webhook.js';
import { listensToOperational } from './operational-type.js';

/**
 * Whom an operational event is owed to, of those whose patterns match. The circuit
 * of a webhook that gets operational events turns for their deliveries too; were
 * others told of that, two dead ones would keep each other informed for ever
 * (docs/adr/0015). So its circuit is on record and in the mail, and is sent to nobody.
 * @param data the event's data
 * @param known finds a webhook of the tenant
 */
export function operationalReceivers(
  type: string,
  data: string,
  matches: readonly RoutedWebhook[],
  known: (id: WebhookId) => Pick<RoutedWebhook, 'event_types'> | undefined,
): readonly RoutedWebhook[] {
  if (matches.length === 0 || !type.startsWith('tidings.circuit.')) return matches;
  const { webhook_id } = JSON.parse(data) as { webhook_id?: WebhookId };
  const about = webhook_id === undefined ? undefined : known(webhook_id);
  return about && listensToOperational(about.event_types) ? [] : matches;
}
