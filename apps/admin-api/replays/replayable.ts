import type { TenantId, WebhookId } from '#domain';
import {
  eventsByKey,
  eventsInRange,
  findWebhook,
  type DataSource,
  type EventPlaceRow,
  type EventRange,
  type WebhookRow,
} from '#persistence';
import type { WantedDelivery } from '../deliveries/bring-back.js';
import { JobCannotGoOn } from '../jobs/job-cannot-go-on.js';
import { deliveriesOwed, type OwedByEvent } from './wanted-deliveries.js';
import { wantsType, whoWants } from './wants.js';

/**
 * - `all`: every event that the webhook would get now
 * - `missing`: those of them that it never got, or whose delivery was cancelled
 */
export type ReplayChoice = 'all' | 'missing';

export interface ReplayRange extends EventRange {
  webhook: WebhookId;
  only: ReplayChoice;
}

/** So many payloads are in memory at once, for a filter to look at. */
const PAYLOADS = 50;

/**
 * Looks at some events of a range, oldest first, and gives the deliveries among
 * what they owe that are wanted.
 * @param cursor where an earlier page ended, null for the first
 * @throws JobCannotGoOn when the webhook is gone or disabled
 */
export async function replayablePage(
  database: DataSource,
  tenant: TenantId,
  { webhook: id, only, ...range }: ReplayRange,
  cursor: string | null,
  limit: number,
): Promise<{ wanted: WantedDelivery[]; next: string | null }> {
  const webhook = await findWebhook(database, tenant, id);
  if (!webhook) throw new JobCannotGoOn('webhook_gone');
  if (webhook.status === 'disabled') throw new JobCannotGoOn('webhook_disabled');
  const looked = await eventsInRange(database, tenant, range, placeOf(cursor), limit);
  const events = await wantedBy(database, tenant, webhook, looked);
  const owed = await deliveriesOwed(database, tenant, [id], events);
  const wanted = only === 'all' ? owed : owed.filter(isMissing);
  const last = looked.length < limit ? undefined : looked.at(-1);
  return { wanted: wanted.map((each) => each.wanted), next: last ? cursorAt(last) : null };
}

async function wantedBy(
  database: DataSource,
  tenant: TenantId,
  webhook: WebhookRow,
  looked: EventPlaceRow[],
): Promise<EventPlaceRow[]> {
  const ofType = looked.filter(({ type }) => wantsType(webhook, type));
  if (webhook.filter === null) return ofType;
  const wanted: EventPlaceRow[] = [];
  for (let i = 0; i < ofType.length; i += PAYLOADS) {
    const events = await eventsByKey(database, tenant, ofType.slice(i, i + PAYLOADS));
    wanted.push(...events.filter((event) => whoWants([webhook], event).length > 0));
  }
  return wanted;
}

/** A cancelled delivery was never got, unless another acceptance of the same event was. */
function isMissing({ others }: OwedByEvent): boolean {
  return others.every(({ status }) => status === 'cancelled');
}

function cursorAt({ id, accepted_at }: EventPlaceRow): string {
  return `${accepted_at.getTime()}/${id}`;
}

function placeOf(cursor: string | null): { id: string; accepted_at: Date } | null {
  if (cursor === null) return null;
  const slash = cursor.indexOf('/');
  return { accepted_at: new Date(Number(cursor.slice(0, slash))), id: cursor.slice(slash + 1) };
}
