import {
  evolveWebhook,
  WebhookExists,
  WebhookNameTaken,
  type LiveWebhook,
  type TenantId,
  type WebhookEvent,
  type WebhookId,
  type WebhookState,
} from '#domain';
import type { DataSource, EntityManager } from 'typeorm';
import { LedgerRow } from '../ledger/ledger-row.js';
import { LEDGER_CHANNEL } from '../relay/ledger-channels.js';
import { takeRoomForWebhook } from '../tenant/room-for-webhook.js';
import { violatedUniqueness } from '../unavailable.js';
import { WebhookRow } from './webhook-row.js';
import { NOTHING_SEALED, rowOf, stateOf, type SealedSecrets } from './webhook-state.js';

export interface WebhookChange {
  /** The row after the change; null when the webhook was deleted. */
  row: WebhookRow | null;
  /** The last ledger entry that the change made; null when there was nothing to change. */
  seq: number | null;
}

/**
 * Decides on a webhook and keeps the decision: ledger entries and row in one
 * transaction, the row locked meanwhile, so that of two writers the second
 * decides on what the first left. Wakes the relay.
 * @param decide gives the events for the state found, or throws; may be called once only
 * @param seal gives what is newly sealed for the webhook as it was decided, or throws; told the row before it too
 * @throws WebhookNameTaken, WebhookExists, TenantNotFound and WebhookLimitReached for a new one, and what `decide` and `seal` throw; nothing is kept then
 */
export async function changeWebhook(
  dataSource: DataSource,
  tenant: TenantId,
  id: WebhookId,
  decide: (state: WebhookState) => WebhookEvent[],
  seal: (webhook: LiveWebhook, before: WebhookRow | null) => SealedSecrets = () => NOTHING_SEALED,
): Promise<WebhookChange> {
  let attempted: WebhookState | undefined;
  try {
    return await dataSource.transaction(async (manager) => {
      const row = await manager.findOne(WebhookRow, {
        where: { tenant, id },
        lock: { mode: 'pessimistic_write' },
      });
      const before = stateOf(row);
      const events = decide(before);
      if (events.length === 0) return { row, seq: null };
      if (before.kind === 'none') await takeRoomForWebhook(manager, tenant);
      const after = (attempted = events.reduce(evolveWebhook, before));
      const seq = await append(manager, before.version, events);
      const kept = after.kind === 'live' ? rowOf(after, row, seal(after, row)) : null;
      await keep(manager, tenant, id, row, kept);
      return { row: kept, seq };
    });
  } catch (error) {
    const violated = violatedUniqueness(error);
    if (violated === 'webhooks_tenant_name' && attempted?.kind === 'live')
      throw new WebhookNameTaken(attempted.name);
    if (violated === 'ledger_aggregate_version') throw new WebhookExists(id);
    throw error;
  }
}

async function append(manager: EntityManager, version: number, events: WebhookEvent[]): Promise<number> {
  const inserted = await manager.insert(
    LedgerRow,
    events.map((event, i) => ({
      tenant: event.tenant,
      aggregate_type: 'webhook' as const,
      aggregate_id: event.webhook,
      version: version + i + 1,
      type: event.type,
      data: { ...event.data },
      actor: event.actor,
      at: new Date(event.at),
    })),
  );
  // Listeners hear of it when the transaction commits, never before.
  await manager.query('SELECT pg_notify($1, $2)', [LEDGER_CHANNEL, '']);
  return inserted.identifiers.at(-1)?.['seq'] as number;
}

async function keep(
  manager: EntityManager,
  tenant: TenantId,
  id: WebhookId,
  before: WebhookRow | null,
  row: WebhookRow | null,
): Promise<void> {
  if (!row) await manager.delete(WebhookRow, { tenant, id });
  else if (!before) await manager.insert(WebhookRow, row as object);
  else await manager.update(WebhookRow, { tenant, id }, row as object);
}
