import type { CheckedEventType, RoutedTenant, RoutedWebhook, TenantId, WebhookId } from '#domain';
import { Bucket, type BucketPlan } from './bucket.js';
import type { Wires } from '../connection.js';

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

/** What the relay tells the data plane about each event type, under `<tenant>.<name>`. */
export type EventTypeBucket = Bucket<[TenantId, string], CheckedEventType>;
const EVENT_TYPES: BucketPlan<[TenantId, string], CheckedEventType> = {
  name: 'event-types',
  keyParts: 2,
  keyOf: ({ tenant, name }) => [tenant, name],
};

export interface Buckets {
  webhooks: WebhookBucket;
  tenants: TenantBucket;
  eventTypes: EventTypeBucket;
}

/** Opens every bucket that the relay fills; makes those that are missing. */
export async function openBuckets(wires: Wires): Promise<Buckets> {
  const [webhooks, tenants, eventTypes] = await Promise.all([
    Bucket.open(wires, WEBHOOKS),
    Bucket.open(wires, TENANTS),
    Bucket.open(wires, EVENT_TYPES),
  ]);
  return { webhooks, tenants, eventTypes };
}
