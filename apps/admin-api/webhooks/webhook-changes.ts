import { Injectable } from '@nestjs/common';
import {
  decideWebhook,
  newId,
  secretsOf,
  TenantNotFound,
  WebhookNotFound,
  type LiveWebhook,
  type RetryPolicy,
  type SecretPath,
  type TenantId,
  type WebhookCommand,
  type WebhookDefinition,
  type WebhookEvent,
  type WebhookId,
  type WebhookState,
} from '#domain';
import { AddressGuard } from '#egress';
import {
  changeWebhook,
  DataSource,
  findTenant,
  liveWebhookOf,
  NOTHING_SEALED,
  type SealedSecrets,
  type TenantRow,
  type WebhookRow,
} from '#persistence';
import { Keyring } from '#signing';
import type { Caller } from '../access/caller.js';
import { invalidRequest } from '../problems/problem.js';
import { LedgerRelay } from '../relay/ledger-relay.js';
import { kept, told } from '../relay/told.js';
import { refuseFormatWithoutSecret, signingSecret } from './signing-secret.js';
import { patched, settle } from './wanted-webhook.js';
import { TransformCheck } from './transform-check.js';
import type { NewWebhook, SecretRotation, WantedWebhook, WebhookPatch } from './webhook-schemas.js';

type Bare<Each> = Each extends WebhookCommand ? Omit<Each, 'tenant' | 'webhook' | 'actor' | 'at'> : never;
type BareCommand = Bare<WebhookCommand>;

/** The decisions that people take about webhooks, from the request to the data plane. */
@Injectable()
export class WebhookChanges {
  constructor(
    private readonly database: DataSource,
    private readonly relay: LedgerRelay,
    private readonly keyring: Keyring,
    private readonly addresses: AddressGuard,
    private readonly transforms: TransformCheck,
  ) {}

  /** @returns the webhook, and its signing secret for the only time */
  async create(caller: Caller, wanted: NewWebhook): Promise<{ webhook: LiveWebhook; secret: string }> {
    const { secret: supplied, ...rest } = wanted;
    this.refuseAddresses(addressesOf(rest));
    const { secret, origin } = signingSecret(supplied, rest.format);
    await this.transforms.refuseUnsound(caller.tenant, rest.transform);
    const id = newId('wh');
    const tenant = await this.tenant(caller.tenant);
    const { ownership_check: ownershipCheck } = tenant;
    const { definition, fresh } = settle(withDefaults(tenant, rest), undefined);
    const webhook = await this.keep(
      caller,
      id,
      () => ({ kind: 'create', definition, secret: origin, ownershipCheck }),
      (created) => ({ ...this.sealed(created, fresh), signing: this.sealedSigning(created, secret) }),
    );
    return { webhook, secret };
  }

  /** Makes a webhook what a whole definition says; its signing secret stays. */
  async replace(
    caller: Caller,
    id: WebhookId,
    wanted: WantedWebhook,
    expectedVersion: number | undefined,
  ): Promise<LiveWebhook> {
    await this.transforms.refuseUnsound(caller.tenant, wanted.transform);
    return this.redefine(caller, id, expectedVersion, () => wanted);
  }

  /** Changes what a merge patch speaks of; the status of a disabled webhook stays unless it is spoken of. */
  async patch(
    caller: Caller,
    id: WebhookId,
    patch: WebhookPatch,
    expectedVersion: number | undefined,
  ): Promise<LiveWebhook> {
    await this.transforms.refuseUnsound(caller.tenant, patch.transform);
    return this.redefine(caller, id, expectedVersion, (current) => {
      const { status, ...rest } = patched(current, patch);
      return 'status' in patch ? { ...rest, status } : rest;
    });
  }

  async setStatus(
    caller: Caller,
    id: WebhookId,
    status: 'active' | 'inactive',
    expectedVersion: number | undefined,
  ): Promise<LiveWebhook> {
    return this.keep(caller, id, () => ({ kind: 'change', change: { status }, expectedVersion }));
  }

  async subscribe(
    caller: Caller,
    id: WebhookId,
    pattern: string,
    expectedVersion: number | undefined,
  ): Promise<LiveWebhook> {
    return this.keep(caller, id, () => ({ kind: 'subscribe', pattern, expectedVersion }));
  }

  async unsubscribe(
    caller: Caller,
    id: WebhookId,
    pattern: string,
    expectedVersion: number | undefined,
  ): Promise<LiveWebhook> {
    return this.keep(caller, id, () => ({ kind: 'unsubscribe', pattern, expectedVersion }));
  }

  /** @returns the webhook, and its new signing secret for the only time */
  async rotateSecret(
    caller: Caller,
    id: WebhookId,
    { secret: supplied, overlap_seconds: overlapSeconds }: SecretRotation,
    expectedVersion: number | undefined,
  ): Promise<{ webhook: LiveWebhook; secret: string; previousUntil: number }> {
    let secret = '';
    const webhook = await this.keep(
      caller,
      id,
      (state) => {
        if (state.kind !== 'live') throw new WebhookNotFound(id);
        const settled = signingSecret(supplied, state.format);
        secret = settled.secret;
        return { kind: 'rotate_secret', secret: settled.origin, overlapSeconds, expectedVersion };
      },
      (rotated) => ({ ...NOTHING_SEALED, signing: this.sealedSigning(rotated, secret) }),
    );
    return { webhook, secret, previousUntil: webhook.updated_at + overlapSeconds * 1_000 };
  }

  async delete(caller: Caller, id: WebhookId, expectedVersion?: number): Promise<void> {
    const command = { ...caller, kind: 'delete' as const, webhook: id, at: Date.now(), expectedVersion };
    const { seq } = await changeWebhook(this.database, caller.tenant, id, (state) =>
      decideWebhook(state, command),
    );
    await told(this.relay, seq);
  }

  private async tenant(id: TenantId): Promise<TenantRow> {
    const row = await findTenant(this.database, id);
    if (!row) throw new TenantNotFound(id);
    return row;
  }

  /** @param wanted the definition for what there is; a status that is left out stays */
  private async redefine(
    caller: Caller,
    id: WebhookId,
    expectedVersion: number | undefined,
    wanted: (current: LiveWebhook) => Omit<WantedWebhook, 'status'> & Partial<Pick<WantedWebhook, 'status'>>,
  ): Promise<LiveWebhook> {
    let fresh: ReadonlyMap<SecretPath, string> = new Map();
    const { ownership_check: ownershipCheck } = await this.tenant(caller.tenant);
    return this.keep(
      caller,
      id,
      (state, decide) => {
        if (state.kind !== 'live') throw new WebhookNotFound(id);
        // Whether it is at that version comes before what the request would make of it.
        decide({ kind: 'change', change: {}, expectedVersion });
        const { status, ...rest } = wanted(state);
        const settled = settle({ ...rest, status: status ?? 'active' }, state);
        fresh = settled.fresh;
        const change: Partial<WebhookDefinition> = settled.definition;
        if (status === undefined) delete change.status;
        this.refuseAddresses(addressesOf(rest), addressesOf(state));
        return { kind: 'change', change, expectedVersion, ownershipCheck };
      },
      (changed, before) => {
        if (before) refuseFormatWithoutSecret(changed, before, this.keyring);
        return this.sealed(changed, fresh);
      },
    );
  }

  private async keep(
    caller: Caller,
    id: WebhookId,
    command: (state: WebhookState, decide: (command: BareCommand) => WebhookEvent[]) => BareCommand,
    seal?: (webhook: LiveWebhook, before: WebhookRow | null) => SealedSecrets,
  ): Promise<LiveWebhook> {
    const at = Date.now();
    const decided = (state: WebhookState) => {
      const decide = (bare: BareCommand) => decideWebhook(state, { ...bare, ...caller, webhook: id, at });
      return decide(command(state, decide));
    };
    const change = changeWebhook(this.database, caller.tenant, id, decided, seal);
    return liveWebhookOf(await kept(this.relay, change, `webhook ${id}`));
  }

  /** Seals what is new among the credentials, each to its place and to the version that set it. */
  private sealed(webhook: LiveWebhook, fresh: ReadonlyMap<SecretPath, string>): SealedSecrets {
    const refs = secretsOf(webhook);
    const credentials = new Map<SecretPath, string>();
    for (const [purpose, plaintext] of fresh) {
      const place = { tenant: webhook.tenant, webhook: webhook.id, purpose };
      const version = refs.get(purpose)?.secret;
      if (version !== undefined)
        credentials.set(purpose, this.keyring.seal(plaintext, { ...place, version }));
    }
    return { ...NOTHING_SEALED, credentials };
  }

  private sealedSigning(webhook: LiveWebhook, secret: string): ReadonlyMap<number, string> {
    const place: { tenant: TenantId; webhook: WebhookId } = { tenant: webhook.tenant, webhook: webhook.id };
    return new Map([[webhook.secret_number, this.keyring.seal(secret, { ...place, purpose: 'signing' })]]);
  }

  /** @param known what was looked at when it was saved, which need not be again */
  private refuseAddresses(asked: Record<string, string>, known: Record<string, string> = {}): void {
    const faults = Object.entries(asked).flatMap(([path, url]) => {
      const verdict = known[path] === url ? undefined : this.addresses.checkUrl(url);
      return verdict?.ok === false ? [{ path, message: verdict.reason }] : [];
    });
    if (faults.length > 0) throw invalidRequest(faults);
  }
}

/** What is left to the tenant: the timeout, and the retry policy field by field. */
function withDefaults(tenant: TenantRow, wanted: Omit<NewWebhook, 'secret'>): WantedWebhook {
  const { timeout_seconds = tenant.timeout_seconds, retry, ...rest } = wanted;
  return { ...rest, timeout_seconds, retry: { ...tenant.retry, ...retry } as RetryPolicy };
}

/** Every URL that a webhook lets Tidings ask, by the path of its field. */
function addressesOf({
  url,
  auth,
}: Pick<WantedWebhook | LiveWebhook, 'url' | 'auth'>): Record<string, string> {
  return { url, ...(auth.type === 'oauth2' ? { 'auth.token_url': auth.token_url } : {}) };
}
