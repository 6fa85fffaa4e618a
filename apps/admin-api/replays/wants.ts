import { reasonAgainst } from '#domain';
import type { EventToReplay, WebhookRow } from '#persistence';
import { previewOf } from '../events/preview/preview-event.js';

/** Whether a webhook would get events of a type now, its filter apart. */
export function wantsType(webhook: WebhookRow, type: string): boolean {
  return reasonAgainst(webhook, type) === undefined;
}

/** Which of some webhooks would receive an event now, as the preview says. It is parsed once, and only for filters. */
export function whoWants(webhooks: readonly WebhookRow[], event: EventToReplay): WebhookRow[] {
  const candidates = webhooks.filter((webhook) => wantsType(webhook, event.type));
  if (candidates.every(({ filter }) => filter === null)) return candidates;
  // Nobody can say what a filter makes of a payload that is gone; and it could not be sent.
  if (event.data === null) return candidates.filter(({ filter }) => filter === null);
  const subject = {
    type: event.type,
    data: JSON.parse(event.data) as unknown,
    metadata: event.metadata === null ? null : (JSON.parse(event.metadata) as unknown),
  };
  return candidates.filter((webhook) => previewOf(webhook, subject).receives);
}
