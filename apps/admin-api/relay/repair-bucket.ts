import type { WebhookBucket } from '#bus';
import type { RoutedWebhook } from '#domain';
import { routedWebhookOf, type WebhookRow } from '#persistence';

const AT_ONCE = 200;

export interface Repaired {
  put: number;
  removed: number;
}

/**
 * Makes the bucket what the tables say. The bucket is read first: a webhook
 * that is in it and in no row read afterwards was deleted.
 * @param rows all webhooks, read when first asked for
 */
export async function repairBucket(
  bucket: Pick<WebhookBucket, 'entries' | 'put' | 'remove'>,
  rows: () => AsyncIterable<WebhookRow>,
): Promise<Repaired> {
  const extra = new Map((await bucket.entries()).map((entry) => [keyOf(entry), entry]));
  let put = 0;
  let batch: RoutedWebhook[] = [];
  const flush = async () => {
    await Promise.all(batch.map((webhook) => bucket.put(webhook)));
    put += batch.length;
    batch = [];
  };
  for await (const row of rows()) {
    const wanted = routedWebhookOf(row);
    const held = extra.get(keyOf(wanted));
    extra.delete(keyOf(wanted));
    if (JSON.stringify(held) === JSON.stringify(wanted)) continue;
    batch.push(wanted);
    if (batch.length === AT_ONCE) await flush();
  }
  await flush();
  for (const { tenant, id } of extra.values()) await bucket.remove(tenant, id);
  return { put, removed: extra.size };
}

function keyOf({ tenant, id }: RoutedWebhook): string {
  return `${tenant}.${id}`;
}
