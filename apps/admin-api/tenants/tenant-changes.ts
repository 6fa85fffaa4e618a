import { Injectable } from '@nestjs/common';
import {
  decideTenant,
  TenantNotFound,
  type LiveTenant,
  type TenantEvent,
  type TenantId,
  type TenantState,
} from '#domain';
import { changeTenant, DataSource, type TenantRow } from '#persistence';
import type { Caller } from '../access/caller.js';
import { patchedBy } from '../http/patched.js';
import { LedgerRelay } from '../relay/ledger-relay.js';
import { kept, told } from '../relay/told.js';
import { tenantDefinition, type NewTenant, type TenantPatch, type WantedTenant } from './tenant-schemas.js';

/** The decisions that operators take about tenants, from the request to the data plane. */
@Injectable()
export class TenantChanges {
  constructor(
    private readonly database: DataSource,
    private readonly relay: LedgerRelay,
  ) {}

  async create({ actor }: Caller, { id, ...wanted }: NewTenant): Promise<TenantRow> {
    const command = { kind: 'create' as const, tenant: id, actor, at: Date.now() };
    return this.keep(id, (state) => decideTenant(state, { ...command, definition: wanted }));
  }

  /** @param wanted the whole definition, or what it shall be for the tenant that there is */
  async change(
    { actor }: Caller,
    id: TenantId,
    wanted: WantedTenant | ((current: LiveTenant) => WantedTenant),
    expectedVersion: number | undefined,
  ): Promise<TenantRow> {
    const command = { kind: 'change' as const, tenant: id, actor, at: Date.now(), expectedVersion };
    return this.keep(id, (state) => {
      if (state.kind !== 'live') throw new TenantNotFound(id);
      // Whether it is at that version comes before what the request would make of it.
      decideTenant(state, { ...command, change: {} });
      const change = typeof wanted === 'function' ? wanted(state) : wanted;
      return decideTenant(state, { ...command, change });
    });
  }

  /** Changes what a merge patch speaks of. */
  async patch(
    caller: Caller,
    id: TenantId,
    patch: TenantPatch,
    expectedVersion: number | undefined,
  ): Promise<TenantRow> {
    return this.change(caller, id, (current) => patched(current, patch), expectedVersion);
  }

  /** Ends the tenant and all that it has; what it is owed ends as cancelled. */
  async delete({ actor }: Caller, id: TenantId, expectedVersion: number | undefined): Promise<void> {
    const command = { kind: 'delete' as const, tenant: id, actor, at: Date.now(), expectedVersion };
    const { seq } = await changeTenant(this.database, id, (state) => decideTenant(state, command));
    await told(this.relay, seq);
  }

  private keep(id: TenantId, decide: (state: TenantState) => TenantEvent[]): Promise<TenantRow> {
    return kept(this.relay, changeTenant(this.database, id, decide), `tenant ${id}`);
  }
}

function patched(current: LiveTenant, patch: TenantPatch): WantedTenant {
  const { name, max_webhooks, strict_event_types, ownership_check, timeout_seconds, retry } = current;
  const { max_deliveries_per_hour_per_webhook, retention_days, auto_disable, contacts } = current;
  const before = {
    ...{ name, max_webhooks, strict_event_types, ownership_check, timeout_seconds, retry },
    ...{ max_deliveries_per_hour_per_webhook, retention_days, auto_disable, contacts },
  };
  return patchedBy(tenantDefinition, before, patch);
}
