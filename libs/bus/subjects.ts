import { hash } from 'node:crypto';
import type { DeliveryId, TenantId, WebhookId } from '#domain';

/** The names on the wire (docs/architecture.md). Nothing outside this folder spells a subject. */
export const EVENTS = 'EVENTS';
export const DELIVERIES = 'DELIVERIES';
export const JOURNAL = 'JOURNAL';

/** How many shares the deliveries are cut into. Fixed: changing it would strand what is queued under the old number. */
export const PARTITIONS = 64;

/** A tenant's name is one subject token. */
const TENANT = /^[A-Za-z0-9_-]{1,64}$/;

export function isTenantId(text: string): boolean {
  return TENANT.test(text);
}

export function eventSubject(tenant: TenantId, type: string): string {
  return `events.${tenant}.${type}`;
}

/** @returns undefined for a subject that names no tenant or no type */
export function parseEventSubject(subject: string): { tenant: TenantId; type: string } | undefined {
  const [root, tenant = '', ...type] = subject.split('.');
  if (root !== 'events' || !isTenantId(tenant) || type.length === 0) return undefined;
  return { tenant, type: type.join('.') };
}

const partitions = new Map<WebhookId, number>();
const PARTITIONS_REMEMBERED = 100_000;

/** The partition that a webhook's deliveries travel in. */
export function partitionOf(webhook: WebhookId): number {
  let partition = partitions.get(webhook);
  if (partition === undefined) {
    partition = hash('sha1', webhook, 'buffer').readUInt32BE(0) % PARTITIONS;
    if (partitions.size >= PARTITIONS_REMEMBERED) partitions.clear();
    partitions.set(webhook, partition);
  }
  return partition;
}

/** Where a delivery lies that is owed now. */
export function readySubject(webhook: WebhookId): string {
  return `deliveries.ready.${partitionOf(webhook)}.${webhook}`;
}

/** Where a delivery waits while its webhook takes none. */
export function laneSubject(webhook: WebhookId): string {
  return `deliveries.lane.${webhook}`;
}

/** Where the schedule of a delivery's next attempt lies; one subject holds at most one schedule. */
export function laterSubject(webhook: WebhookId, delivery: DeliveryId): string {
  return `deliveries.later.${webhook}.${delivery}`;
}

/** Told of each delivery that routing put into a lane itself; not stored, for lanes are looked at anyway. */
export function laneNewsSubject(webhook: WebhookId | '*'): string {
  return `tidings.lane.${webhook}`;
}

/** Where processes say how far they follow the buckets; not stored. */
export const FOLLOWING = 'tidings.following';
