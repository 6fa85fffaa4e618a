import type { RoutedTenant, RoutedWebhook, TenantId, WebhookId } from '#domain';
import { Bucket, type BucketPlan } from './bucket.js';
import type { Wires } from './connection.js';

/** What the relay tells the data plane about each webhook, under `<tenant>.<webhook>`. */
export type WebhookBucket = Bucket<[TenantId, WebhookId], RoutedWebhook>;
const WEBHOOKS: BucketPlan<[TenantId, WebhookId], RoutedWebhook> = {
  name: 'webhooks',
  keyParts: 2,
  keyOf: ({ tenant, id }) => [tenant, id],
};

/** What the relay tells the data plane about each tenant, under `<tenant>`. */
export type TenantBucket = Bucket<[TenantId], RoutedTenant>;
const TENANTS: BucketPlan<[TenantId], RoutedTenant> = {
  name: 'tenants',
  keyParts: 1,
  keyOf: ({ id }) => [id],
};

export interface Buckets {
  webhooks: WebhookBucket;
  tenants: TenantBucket;
}

/** Opens every bucket that the relay fills; makes those that are missing. */
export async function openBuckets(wires: Wires): Promise<Buckets> {
  const [webhooks, tenants] = await Promise.all([Bucket.open(wires, WEBHOOKS), Bucket.open(wires, TENANTS)]);
  return { webhooks, tenants };
}
