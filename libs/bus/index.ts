export { bringToBucket, type Keyed } from './buckets/bring-to-bucket.js';
export { repairBucket, type Repaired } from './buckets/repair-bucket.js';
export type { BusAccess } from './access.js';
export type { Bucket } from './buckets/bucket.js';
export type { EventTypeBucket, TenantBucket, WebhookBucket } from './buckets/buckets.js';
export { Bus } from './bus.js';
export type { Cancellations } from './cancellations.js';
export { BusUnreachableError } from './connection.js';
export type { Consumer } from './consumer.js';
export type { DeliveryQueue } from './delivery-queue.js';
export { EventCatalogues } from './event-catalogues.js';
export type { EventPlace, EventStore } from './event-store.js';
export {
  FORGOTTEN_AFTER_MS,
  type Announcement,
  type HomesRead,
  type Lease,
  type Leases,
  type Member,
  type PartitionHomes,
} from './homes/partition-homes.js';
export { InHand, Linked } from './in-hand.js';
export { Consume, ConsumePartitions, JetStreamStrategy } from './jetstream-strategy.js';
export type { JournalFollower, JournalMessage } from './journal-follower.js';
export { wholeFact } from './whole-fact.js';
export { readFacts, type JournalObserver, type JournalWriter } from './journal-writer.js';
export { KnownTenants, type TenantStanding } from './known-tenants.js';
export { BusMessage } from './message.js';
export { again, done, hopeless, type Outcome } from './outcome.js';
export { decodeOwed, deliveryRefOf, INLINE_BYTES, withOwed, type OwedDelivery } from './owed-delivery.js';
export type { OwedOfWebhook } from './owed-of-webhook.js';
export { AllowanceTakenOverError, type Allowance, type AllowanceStore } from './allowance-store.js';
export type { BreakerStore, OpenBreaker } from './breaker-store.js';
export { PublishError } from './publisher.js';
export type { BroughtBack, DeliveryToBringBack, Requeue } from './requeue.js';
export { compareOrder, ORDER_HEADER, readOrder, type DeliveryOrder } from './delivery-order.js';
export type { Lanes } from './lanes.js';
export { ROUTING, SOURCE_PREFIX, type RoutingFloor, type RoutingFloors } from './routing-floors.js';
export { DELIVERIES, EVENTS, isTenantId, JOURNAL, PARTITIONS, partitionOf } from './subjects.js';
export type { QueueLook } from './queue-look.js';
export type {
  BusFigures,
  ConsumerFigures,
  QueueFigures,
  StoreFigures,
  StreamFigures,
  WatchedConsumer,
} from './stream-look.js';
export { TenantLimits } from './tenant-limits.js';
export { NoDispatcherError, TestTooLateError } from './ask-dispatchers.js';
export { type OwnershipAnswer, type OwnershipChecks, type OwnershipQuestion } from './ownership-checks.js';
export { type Preview, type PreviewAnswer, type PreviewQuestion, type Previews } from './previews.js';
export { type TestAnswer, type TestAttempts } from './test-attempts.js';
export type { ConsumerPlan, StreamAges, TopologySettings } from './topology.js';
