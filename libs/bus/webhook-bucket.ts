import { Kvm, KvWatchInclude, type KV } from '@nats-io/kv';
import type { RoutedWebhook, TenantId, WebhookId } from '#domain';
import { WEBHOOKS_BUCKET } from './subjects.js';
import type { Wires } from './connection.js';

export interface WebhookWatcher {
  changed: (webhook: RoutedWebhook) => void;
  removed: (tenant: TenantId, id: WebhookId) => void;
}

/** The KV bucket `webhooks`: what the relay tells the data plane about each webhook. */
export class WebhookBucket {
  private constructor(private readonly kv: KV) {}

  static async open(wires: Wires): Promise<WebhookBucket> {
    return new WebhookBucket(await new Kvm(wires.jetstream).create(WEBHOOKS_BUCKET, { history: 1 }));
  }

  async put(webhook: RoutedWebhook): Promise<void> {
    await this.kv.put(keyOf(webhook.tenant, webhook.id), JSON.stringify(webhook));
  }

  async remove(tenant: TenantId, id: WebhookId): Promise<void> {
    await this.kv.delete(keyOf(tenant, id));
  }

  /** The webhook as the bucket has it now; undefined when it is not there or was removed. */
  async get(tenant: TenantId, id: WebhookId): Promise<RoutedWebhook | undefined> {
    const entry = await this.kv.get(keyOf(tenant, id));
    return entry?.operation === 'PUT' ? entry.json<RoutedWebhook>() : undefined;
  }

  /** All webhooks that the bucket holds now. */
  async entries(): Promise<RoutedWebhook[]> {
    const all: RoutedWebhook[] = [];
    const stop = await this.watch({ changed: (webhook) => all.push(webhook), removed: () => undefined });
    stop();
    return all;
  }

  /**
   * Tells the watcher all there is, then each change. Resolves when all that
   * was there at the start has been told.
   * @returns what ends the watching
   */
  async watch(watcher: WebhookWatcher): Promise<() => void> {
    const { values } = await this.kv.status();
    const updates = await this.kv.watch({ include: KvWatchInclude.LastValue });
    await new Promise<void>((caughtUp, failed) => {
      if (values === 0) caughtUp();
      void (async () => {
        for await (const entry of updates) {
          if (entry.operation === 'PUT') watcher.changed(entry.json<RoutedWebhook>());
          else watcher.removed(...partsOf(entry.key));
          if (entry.delta === 0) caughtUp();
        }
      })().catch(failed);
    });
    return () => updates.stop();
  }
}

function keyOf(tenant: TenantId, id: WebhookId): string {
  return `${tenant}.${id}`;
}

function partsOf(key: string): [TenantId, WebhookId] {
  const dot = key.indexOf('.');
  return [key.slice(0, dot), key.slice(dot + 1)];
}
