import { Injectable } from '@nestjs/common';
import {
  decideWebhook,
  newId,
  WebhookNotFound,
  type LiveWebhook,
  type WebhookDefinition,
  type WebhookEvent,
  type WebhookId,
  type WebhookState,
} from '#domain';
import { AddressGuard } from '#egress';
import { changeWebhook, DataSource, type WebhookRow } from '#persistence';
import { generateSecret, isStandardSecret, Keyring } from '#signing';
import type { Caller } from '../access/caller.js';
import { mergePatch } from '../http/merge-patch.js';
import { invalidRequest } from '../problems/problem.js';
import { schemaFaults } from '../problems/schema-faults.js';
import { LedgerRelay } from '../relay/ledger-relay.js';
import { webhookDefinition, type NewWebhook, type WebhookPatch } from './webhook-schemas.js';

/**
 * A change is answered once the data plane has been told, so that an event
 * published after the answer meets it; but no longer than this, for the change
 * is made and will be told (docs/adr/0003).
 */
const RELAY_WITHIN_MS = 2_000;

/** The decisions that people take about webhooks, from the request to the data plane. */
@Injectable()
export class WebhookChanges {
  constructor(
    private readonly database: DataSource,
    private readonly relay: LedgerRelay,
    private readonly keyring: Keyring,
    private readonly addresses: AddressGuard,
  ) {}

  /** @returns the webhook, and its secret for the only time */
  async create(caller: Caller, wanted: NewWebhook): Promise<{ row: WebhookRow; secret: string }> {
    const { secret: supplied, ...definition } = wanted;
    this.refuseUrl(definition.url);
    if (supplied !== undefined && !isStandardSecret(supplied))
      throw invalidRequest([{ path: 'secret', message: 'must be whsec_ and 24 to 64 bytes in base64' }]);
    const secret = supplied ?? generateSecret();
    const at = Date.now();
    const id = newId('wh', at);
    const sealed = this.keyring.seal(secret, { tenant: caller.tenant, webhook: id, purpose: 'signing' });
    const origin = supplied === undefined ? 'generated' : 'supplied';
    const decide = (state: WebhookState) =>
      decideWebhook(state, { ...caller, kind: 'create', webhook: id, at, definition, secret: origin });
    const row = await this.change(caller, id, decide, [sealed]);
    if (!row) throw new Error(`The webhook ${id} was created, but there is no row of it.`);
    return { row, secret };
  }

  async patch(
    caller: Caller,
    id: WebhookId,
    patch: WebhookPatch,
    expectedVersion: number | undefined,
  ): Promise<WebhookRow> {
    const command = { ...caller, kind: 'change' as const, webhook: id, at: Date.now(), expectedVersion };
    const row = await this.change(caller, id, (state) => {
      if (state.kind !== 'live') throw new WebhookNotFound(id);
      // Whether it is at that version comes before what the patch would make of it.
      decideWebhook(state, { ...command, change: {} });
      const change = merged(state, patch);
      if (change.url !== state.url) this.refuseUrl(change.url);
      return decideWebhook(state, { ...command, change });
    });
    if (!row) throw new Error(`The webhook ${id} was changed, but there is no row of it.`);
    return row;
  }

  async delete(caller: Caller, id: WebhookId, expectedVersion: number | undefined): Promise<void> {
    await this.change(caller, id, (state) =>
      decideWebhook(state, { ...caller, kind: 'delete', webhook: id, at: Date.now(), expectedVersion }),
    );
  }

  private async change(
    caller: Caller,
    id: WebhookId,
    decide: (state: WebhookState) => WebhookEvent[],
    secrets?: string[],
  ): Promise<WebhookRow | null> {
    const { row, seq } = await changeWebhook(this.database, caller.tenant, id, decide, secrets);
    if (seq !== null) await this.relay.relayed(seq, RELAY_WITHIN_MS);
    return row;
  }

  private refuseUrl(url: string): void {
    const verdict = this.addresses.checkUrl(url);
    if (!verdict.ok) throw invalidRequest([{ path: 'url', message: verdict.reason }]);
  }
}

/** The definition that a patch makes of a webhook; its status only when the patch speaks of it. */
function merged(
  current: LiveWebhook,
  patch: WebhookPatch,
): Omit<WebhookDefinition, 'status'> & Partial<WebhookDefinition> {
  const { name, url, event_types, timeout_seconds, retry } = current;
  const result = webhookDefinition.safeParse(
    mergePatch({ name, url, event_types, timeout_seconds, retry }, patch),
  );
  if (!result.success) throw invalidRequest(schemaFaults(result.error.issues));
  const { status, ...definition } = result.data;
  return 'status' in patch ? { ...definition, status } : definition;
}
