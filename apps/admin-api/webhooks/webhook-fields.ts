import { z } from 'zod';
import { HEADER_LIMITS, isEventTypePattern, MASK, WEBHOOK_LIMITS, WEBHOOK_METHODS } from '#domain';
import { compileFilter } from '#payload';
import { format } from './webhook-format.js';

const L = WEBHOOK_LIMITS;
const R = L.retry;
const number = ({ min, max }: { min: number; max: number }) => z.number().min(min).max(max);
const whole = ({ min, max }: { min: number; max: number }) => z.int().min(min).max(max);
const text = ({ min, max }: { min: number; max: number }) => z.string().min(min).max(max);

export const retryFields = {
  enabled: z.boolean(),
  count: whole(R.count).describe('Retries after the first attempt.'),
  strategy: z.enum(['exponential', 'linear', 'fixed', 'schedule']),
  initial_delay_seconds: number(R.initial_delay_seconds),
  factor: number(R.factor).describe('The base of `exponential`.'),
  max_delay_seconds: number(R.max_delay_seconds).describe('No computed wait is longer.'),
  jitter: number(R.jitter).describe('Share of the wait by which it is made longer or shorter at random.'),
  schedule_seconds: z
    .array(number(R.schedule_wait))
    .max(R.schedule_seconds.max)
    .describe('The waits of `schedule`, in order; the last one repeats.'),
};

export const rateLimitFields = {
  limit: whole(L.rate_limit.limit),
  period_seconds: whole(L.rate_limit.period_seconds),
};

export const eventTypePattern = z
  .string()
  .refine(isEventTypePattern, 'must be an event type such as task.completed, task.*, order.> or *');

const filterObject = z.record(z.string(), z.unknown()).superRefine((filter, context) => {
  const compiled = compileFilter(filter);
  if (compiled.ok) return;
  for (const { path, message } of compiled.faults)
    context.addIssue({ code: 'custom', message, path: path === '' ? [] : [path] });
});

const atMost = (max: number, what: string) =>
  [
    (members: object) => Object.keys(members).length <= max,
    { error: `must have at most ${max} ${what}` },
  ] as const;

export const fields = {
  name: text(L.name).describe('Unique in the tenant.'),
  description: text(L.description),
  tags: z.array(text(L.tag)).max(L.tags.max).describe('For finding webhooks again; no two the same.'),
  metadata: z
    .record(z.string(), z.string().max(L.metadata_value.max))
    .refine(...atMost(L.metadata.max, 'members'))
    .describe('Yours to keep; never sent.'),
  url: text(L.url).describe('Where deliveries go.'),
  method: z.enum(WEBHOOK_METHODS).describe('A GET carries no body, and its signature covers none.'),
  event_types: z
    .array(eventTypePattern)
    .min(L.event_types.min)
    .max(L.event_types.max)
    .describe(
      'Patterns: `task.completed`, `task.*` (one segment), `order.>` (the rest), `*` for all; operational events need `tidings.` by name.',
    ),
  filter: filterObject
    .nullable()
    .describe('A condition on the event such as `{"data.total":{"$gte":100}}`; null for none.'),
  status: z.enum(['active', 'inactive']).describe('`inactive` pauses: what is owed is held.'),
  headers: z
    .record(z.string(), z.string())
    .refine(...atMost(HEADER_LIMITS.count, 'headers'))
    .describe(
      `Extra request headers. Values of those whose names tell of a secret are shown as \`${MASK}\`; ` +
        'sent back like that, they stay.',
    ),
  timeout_seconds: whole(L.timeout_seconds).describe('One deadline for the whole attempt.'),
  format,
  transform: text(L.transform)
    .nullable()
    .describe(
      `JavaScript \`function transform(event)\` of at most ${L.transform.max} bytes; null for none. ` +
        'This version cannot run it yet: attempts fail without a request.',
    ),
  rate_limit: z
    .strictObject(rateLimitFields)
    .nullable()
    .describe('Attempts in a period at most; null for any number.'),
  concurrency: whole(L.concurrency).describe('Attempts at once.'),
  ordered: z
    .boolean()
    .describe('Deliver strictly in the order of events; one that fails holds those after it.'),
};
