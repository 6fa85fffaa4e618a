import type { EventId, TenantId } from '#domain';
import { findEvent, type DataSource, type EventToReplay } from '#persistence';
import { found } from '../http/found.js';
import { Problem } from '../problems/problem.js';

/**
 * An event of the record of which there is something to deliver.
 * @throws Problem 404 event_not_found, 409 event_rejected
 */
export async function acceptedEvent(
  database: DataSource,
  tenant: TenantId,
  id: EventId,
): Promise<EventToReplay> {
  const absent = () => new Problem('event_not_found', { detail: `There is no event ${id}.` });
  const { event } = found(await findEvent(database, tenant, id), absent);
  if (event.status === 'accepted') return event;
  throw new Problem('event_rejected', {
    detail: `The event ${id} was rejected (${event.reason}); there is nothing of it to deliver.`,
    evidence: { reason: event.reason },
  });
}
