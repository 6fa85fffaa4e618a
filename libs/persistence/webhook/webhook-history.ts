import {
  evolveWebhook,
  NO_WEBHOOK,
  type TenantId,
  type WebhookEvent,
  type WebhookId,
  type WebhookState,
} from '#domain';
import { Between, LessThan, type DataSource } from 'typeorm';
import { LedgerRow } from '../ledger/ledger-row.js';
import { decodeCursor, pageOf, type Page, type PageRequest } from '../page.js';

/** One entry of a webhook's ledger, with the version that it made. */
export interface WebhookHistoryEntry {
  version: number;
  event: WebhookEvent;
}

/**
 * A webhook's ledger, newest first; of a deleted one too. Empty when the
 * tenant never had a webhook with this id.
 * @throws CursorError
 */
export async function listWebhookHistory(
  dataSource: DataSource,
  tenant: TenantId,
  webhook: WebhookId,
  { limit, cursor }: PageRequest,
): Promise<Page<WebhookHistoryEntry>> {
  const after = decodeCursor('webhook history', cursor, 1)?.map(Number)[0];
  const rows = await dataSource.manager.find(LedgerRow, {
    where: {
      tenant,
      aggregate_type: 'webhook',
      aggregate_id: webhook,
      ...(after === undefined || !Number.isSafeInteger(after) ? {} : { version: LessThan(after) }),
    },
    order: { version: 'DESC' },
    take: limit + 1,
  });
  return pageOf('webhook history', rows.map(entryOf), limit, ({ version }) => [String(version)]);
}

/** Entries read at once when a webhook is made again from its ledger. */
const READ_AT_ONCE = 200;

/**
 * A webhook as it was at a version, from its ledger.
 * @returns undefined when it never had that version
 */
export async function webhookAtVersion(
  dataSource: DataSource,
  tenant: TenantId,
  webhook: WebhookId,
  version: number,
): Promise<WebhookState | undefined> {
  let state: WebhookState = NO_WEBHOOK;
  for (let read = 0; read < version; read += READ_AT_ONCE) {
    const rows = await dataSource.manager.find(LedgerRow, {
      where: {
        tenant,
        aggregate_type: 'webhook',
        aggregate_id: webhook,
        version: Between(read + 1, Math.min(version, read + READ_AT_ONCE)),
      },
      order: { version: 'ASC' },
    });
    if (rows.length === 0) return undefined;
    state = rows.map((row) => entryOf(row).event).reduce<WebhookState>(evolveWebhook, state);
  }
  return state.kind !== 'none' && state.version === version ? state : undefined;
}

function entryOf({ tenant, aggregate_id, version, type, data, actor, at }: LedgerRow): WebhookHistoryEntry {
  // The ledger holds what decideWebhook gave, and evolveWebhook knows what earlier versions left out.
  const event = {
    tenant,
    webhook: aggregate_id,
    type,
    data,
    actor,
    at: at.getTime(),
  } as unknown as WebhookEvent;
  return { version, event };
}
