import { matchesEventType } from '#domain';
import type { DeliveryJson } from '#persistence';

export interface FeedFilter {
  webhook_id?: string | undefined;
  event_id?: string | undefined;
  /** An event type, or a pattern of them. */
  event_type?: string | undefined;
  status?: string | undefined;
  /** Of the last response. */
  status_code?: number | undefined;
}

/** Whether whoever filters so wants to hear of this state. */
export function passes(filter: FeedFilter, state: DeliveryJson): boolean {
  return (
    (filter.webhook_id === undefined || filter.webhook_id === state.webhook_id) &&
    (filter.event_id === undefined || filter.event_id === state.event_id) &&
    (filter.status === undefined || filter.status === state.status) &&
    (filter.status_code === undefined || filter.status_code === state.status_code) &&
    (filter.event_type === undefined || matchesEventType(filter.event_type, state.event_type))
  );
}
