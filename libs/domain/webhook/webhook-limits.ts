import type { RetryPolicy } from '../delivery/retry-policy.js';
import { isEventTypePattern } from '../event/event-type.js';
import type { Fault } from '../fault.js';
import { formatFaults, isPlainLines, NOT_PLAIN_LINES } from './payload-format.js';
import { authHeader, requestHeaderFaults } from './request-headers.js';
import type { WebhookDefinition } from './webhook.js';

const DAY_SECONDS = 86_400;

/** The bounds of a webhook's fields, both ends included. The API's schemas take them from here. */
export const WEBHOOK_LIMITS = {
  name: { min: 1, max: 200 },
  description: { min: 0, max: 2_000 },
  tags: { min: 0, max: 50 },
  tag: { min: 1, max: 64 },
  metadata: { min: 0, max: 50 },
  metadata_key: { min: 1, max: 64 },
  metadata_value: { min: 0, max: 500 },
  url: { min: 1, max: 2_048 },
  event_types: { min: 1, max: 200 },
  timeout_seconds: { min: 1, max: 300 },
  /** In bytes. */
  transform: { min: 1, max: 65_536 },
  rate_limit: { limit: { min: 1, max: 1_000_000 }, period_seconds: { min: 1, max: DAY_SECONDS } },
  concurrency: { min: 1, max: 1_000 },
  /** How long a signing secret signs beside its successor: a week at most. */
  overlap_seconds: { min: 0, max: 7 * DAY_SECONDS },
  /** Signing secrets at once, for each makes every request longer. */
  signing_secrets: 4,
  retry: {
    count: { min: 0, max: 50 },
    initial_delay_seconds: { min: 0, max: DAY_SECONDS },
    factor: { min: 1, max: 100 },
    max_delay_seconds: { min: 0, max: 7 * DAY_SECONDS },
    jitter: { min: 0, max: 1 },
    schedule_seconds: { min: 0, max: 50 },
    schedule_wait: { min: 0, max: 30 * DAY_SECONDS },
  },
} as const;

export const DEFAULT_TIMEOUT_SECONDS = 30;
export const DEFAULT_OVERLAP_SECONDS = DAY_SECONDS;

interface Bounds {
  min: number;
  max: number;
}

/** Text that PostgreSQL stores and a terminal shows as one line. */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && !/\p{Cc}/u.test(text);
}

function outside(path: string, value: number, { min, max }: Bounds, unit = ''): Fault[] {
  if (value >= min && value <= max) return [];
  return [{ path, message: `must be from ${min} to ${max}${unit}, but is ${value}${unit}` }];
}

/** What is wrong with a retry policy; the paths begin with `retry`. */
export function retryFaults(retry: RetryPolicy): Fault[] {
  const limits = WEBHOOK_LIMITS.retry;
  const faults = [
    ...outside('retry.count', retry.count, limits.count),
    ...outside('retry.initial_delay_seconds', retry.initial_delay_seconds, limits.initial_delay_seconds),
    ...outside('retry.factor', retry.factor, limits.factor),
    ...outside('retry.max_delay_seconds', retry.max_delay_seconds, limits.max_delay_seconds),
    ...outside('retry.jitter', retry.jitter, limits.jitter),
    ...outside('retry.schedule_seconds', retry.schedule_seconds.length, limits.schedule_seconds, ' waits'),
    ...retry.schedule_seconds.flatMap((wait, i) =>
      outside(`retry.schedule_seconds.${i}`, wait, limits.schedule_wait),
    ),
  ];
  if (!Number.isInteger(retry.count)) faults.push({ path: 'retry.count', message: 'must be a whole number' });
  if (
    retry.strategy === 'schedule' &&
    retry.enabled &&
    retry.count > 0 &&
    retry.schedule_seconds.length === 0
  )
    faults.push({ path: 'retry.schedule_seconds', message: 'must hold a wait for the strategy schedule' });
  return faults;
}

function labelFaults({ description, tags, metadata }: WebhookDefinition): Fault[] {
  const limits = WEBHOOK_LIMITS;
  const faults = [
    ...outside('description', description.length, limits.description, ' characters'),
    ...outside('tags', tags.length, limits.tags, ' tags'),
    ...outside('metadata', Object.keys(metadata).length, limits.metadata, ' members'),
  ];
  // PostgreSQL's text takes no NUL; lines and tabs are welcome in a description.
  if (!description.isWellFormed() || description.includes('\0'))
    faults.push({ path: 'description', message: 'must hold no NUL and no broken Unicode' });
  tags.forEach((tag, i) => {
    faults.push(...outside(`tags.${i}`, tag.length, limits.tag, ' characters'));
    if (!isPlainText(tag) || tag.trim() !== tag)
      faults.push({ path: `tags.${i}`, message: 'must hold no control characters and no spaces around it' });
    if (tags.indexOf(tag) < i) faults.push({ path: `tags.${i}`, message: 'is given twice' });
  });
  for (const [key, value] of Object.entries(metadata)) {
    const path = `metadata.${key}`;
    faults.push(
      ...outside(path, key.length, limits.metadata_key, ' characters in its name'),
      ...outside(path, value.length, limits.metadata_value, ' characters'),
    );
    if (!isPlainText(key) || !isPlainText(value) || key === '__proto__')
      faults.push({ path, message: 'must hold no control characters and no broken Unicode' });
  }
  return faults;
}

/** What is wrong with what makes a request's content, as webhookFaults has it. */
export function payloadFaults({
  format,
  transform,
  headers,
  auth,
}: Pick<WebhookDefinition, 'format' | 'transform' | 'headers' | 'auth'>): Fault[] {
  const own = authHeader(auth)?.name;
  const taken = [...Object.keys(headers), ...(own === undefined ? [] : [own])];
  const faults = formatFaults(format, new Set(taken.map((name) => name.toLowerCase())));
  if (transform === null) return faults;
  faults.push(...outside('transform', Buffer.byteLength(transform), WEBHOOK_LIMITS.transform, ' bytes'));
  if (!isPlainLines(transform)) faults.push({ path: 'transform', message: NOT_PLAIN_LINES });
  return faults;
}

function paceFaults({ rate_limit, concurrency }: WebhookDefinition): Fault[] {
  const limits = WEBHOOK_LIMITS;
  const numbers: [string, number, Bounds][] = [['concurrency', concurrency, limits.concurrency]];
  if (rate_limit)
    numbers.push(
      ['rate_limit.limit', rate_limit.limit, limits.rate_limit.limit],
      ['rate_limit.period_seconds', rate_limit.period_seconds, limits.rate_limit.period_seconds],
    );
  return numbers.flatMap(([path, value, bounds]) => [
    ...outside(path, value, bounds),
    ...(Number.isInteger(value) ? [] : [{ path, message: 'must be a whole number' }]),
  ]);
}

/**
 * What is wrong with a definition, nothing when it is sound. Whether the URL
 * may be reached is the address guard's to say, and whether the filter can be
 * read #payload's; neither is asked here.
 */
export function webhookFaults(webhook: WebhookDefinition): Fault[] {
  const faults = [
    ...outside('name', webhook.name.length, WEBHOOK_LIMITS.name, ' characters'),
    ...outside('url', webhook.url.length, WEBHOOK_LIMITS.url, ' characters'),
    ...outside('event_types', webhook.event_types.length, WEBHOOK_LIMITS.event_types, ' patterns'),
    ...outside('timeout_seconds', webhook.timeout_seconds, WEBHOOK_LIMITS.timeout_seconds),
    ...retryFaults(webhook.retry),
    ...labelFaults(webhook),
    ...requestHeaderFaults(webhook.headers, webhook.auth),
    ...payloadFaults(webhook),
    ...paceFaults(webhook),
  ];
  if (!isPlainText(webhook.name))
    faults.push({ path: 'name', message: 'must hold no control characters and no broken Unicode' });
  if (!isPlainText(webhook.url))
    faults.push({ path: 'url', message: 'must hold no control characters and no broken Unicode' });
  if (!Number.isInteger(webhook.timeout_seconds))
    faults.push({ path: 'timeout_seconds', message: 'must be a whole number' });
  webhook.event_types.forEach((pattern, i) => {
    if (!isEventTypePattern(pattern))
      faults.push({
        path: `event_types.${i}`,
        message: 'must be an event type such as task.completed, task.*, order.> or *',
      });
  });
  return faults;
}
