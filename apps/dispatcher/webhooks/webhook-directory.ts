import { readRoutedWebhook, sealedTextsOf, type RoutedWebhook, type TenantId, type WebhookId } from '#domain';
import type { WebhookBucket } from '#bus';
import { KeyProof, type Keyring } from '#signing';
import { readyWebhook, type ReadyWebhook } from './ready-webhook.js';

/** The webhooks that this dispatcher knows, fed from the KV bucket. */
export class WebhookDirectory {
  private readonly all = new Map<WebhookId, ReadyWebhook>();
  private stopWatching = () => {};

  constructor(
    private readonly bucket: WebhookBucket,
    private readonly keyring: Keyring,
    private readonly report: (problem: string, error: unknown) => void,
  ) {}

  /**
   * Resolves when all there is has been read. What cannot be opened is reported once for each webhook and version, and
   * its deliveries are recorded as `internal`; where a key is missing or wrong from the start, nothing is begun.
   * @param changed told of each change after that
   * @param gone told of each webhook that is deleted after that
   * @throws KeyringError in one sentence, when the keyring cannot have sealed what the bucket holds
   */
  async watch(
    changed: (webhook: RoutedWebhook) => void,
    gone: (tenant: TenantId, id: WebhookId) => void = () => undefined,
  ): Promise<void> {
    let readAll = false;
    const proof = new KeyProof(this.keyring, "NATS' bucket of webhooks");
    const heldBack: Parameters<typeof this.report>[] = [];
    const holdBack: typeof this.report = (...problem) => heldBack.push(problem);
    this.stopWatching = await this.bucket.watch({
      changed: (webhook) => {
        if (!readAll) for (const { sealed, place } of sealedTextsOf(webhook)) proof.note(sealed, place);
        if (this.take(webhook, readAll ? this.report : holdBack) && readAll) changed(webhook);
      },
      removed: (tenant, id) => {
        if (this.all.delete(id) && readAll) gone(tenant, id);
      },
    });
    readAll = true;
    try {
      proof.check();
    } catch (error) {
      this.close();
      throw error;
    }
    for (const problem of heldBack) this.report(...problem);
  }

  close(): void {
    this.stopWatching();
  }

  get size(): number {
    return this.all.size;
  }

  /** The webhook as far as it is known here already. */
  known(id: WebhookId): ReadyWebhook | undefined {
    return this.all.get(id);
  }

  /**
   * The webhook; undefined when it was deleted. One that is not known here yet
   * is asked for: a delivery may come sooner than the news of its webhook.
   */
  find(tenant: TenantId, id: WebhookId): ReadyWebhook | Promise<ReadyWebhook | undefined> {
    return this.all.get(id) ?? this.ask(tenant, id);
  }

  private async ask(tenant: TenantId, id: WebhookId): Promise<ReadyWebhook | undefined> {
    const webhook = await this.bucket.get(tenant, id);
    if (webhook) this.take(webhook);
    return this.all.get(id);
  }

  /** @returns whether it was news */
  private take(webhook: RoutedWebhook, report = this.report): boolean {
    const known = this.all.get(webhook.id);
    if (known && known.webhook.version >= webhook.version) return false;
    this.all.set(webhook.id, readyWebhook(readRoutedWebhook(webhook), this.keyring, report));
    return true;
  }
}
