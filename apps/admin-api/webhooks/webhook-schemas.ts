import { z } from 'zod';
import {
  DEFAULT_RETRY,
  DEFAULT_TIMEOUT_SECONDS,
  isEventType,
  isEventTypePattern,
  WEBHOOK_LIMITS,
} from '#domain';
import { pageFields, queryText } from '../http/query-fields.js';

const L = WEBHOOK_LIMITS;
const R = L.retry;
const number = ({ min, max }: { min: number; max: number }) => z.number().min(min).max(max);
const whole = ({ min, max }: { min: number; max: number }) => z.int().min(min).max(max);

const retryFields = {
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

const fields = {
  name: z.string().min(L.name.min).max(L.name.max).describe('Unique in the tenant.'),
  url: z.string().min(L.url.min).max(L.url.max).describe('Where deliveries go.'),
  event_types: z
    .array(
      z
        .string()
        .refine(isEventTypePattern, 'must be an event type such as task.completed, task.*, order.> or *'),
    )
    .min(L.event_types.min)
    .max(L.event_types.max)
    .describe('Patterns: `task.completed`, `task.*` (one segment), `order.>` (the rest), `*` for all.'),
  status: z.enum(['active', 'inactive']).describe('`inactive` pauses: what is owed is held.'),
  timeout_seconds: whole(L.timeout_seconds).describe('One deadline for the whole attempt.'),
};

const retry = z.strictObject({
  enabled: retryFields.enabled.default(DEFAULT_RETRY.enabled),
  count: retryFields.count.default(DEFAULT_RETRY.count),
  strategy: retryFields.strategy.default(DEFAULT_RETRY.strategy),
  initial_delay_seconds: retryFields.initial_delay_seconds.default(DEFAULT_RETRY.initial_delay_seconds),
  factor: retryFields.factor.default(DEFAULT_RETRY.factor),
  max_delay_seconds: retryFields.max_delay_seconds.default(DEFAULT_RETRY.max_delay_seconds),
  jitter: retryFields.jitter.default(DEFAULT_RETRY.jitter),
  schedule_seconds: retryFields.schedule_seconds.default(() => []),
});

/** A whole definition: what was left out gets its default. */
export const webhookDefinition = z.strictObject({
  ...fields,
  status: fields.status.default('active'),
  timeout_seconds: fields.timeout_seconds.default(DEFAULT_TIMEOUT_SECONDS),
  retry: retry.prefault({}),
});

export const newWebhook = webhookDefinition.extend({
  secret: z
    .string()
    .max(200)
    .optional()
    .describe('`whsec_` and 24 to 64 bytes in base64; made for you when left out.'),
});
export type NewWebhook = z.output<typeof newWebhook>;

/** A JSON merge patch: null puts a field back to its default. */
export const webhookPatch = z
  .strictObject({
    ...fields,
    status: fields.status.nullable(),
    timeout_seconds: fields.timeout_seconds.nullable(),
    retry: z
      .strictObject(retryFields)
      .partial()
      .extend(
        Object.fromEntries(
          Object.entries(retryFields).map(([name, field]) => [name, field.nullable().optional()]),
        ),
      )
      .nullable(),
  })
  .partial();
export type WebhookPatch = z.output<typeof webhookPatch>;

export const webhookQuery = z.strictObject({
  ...pageFields,
  status: z.enum(['active', 'inactive', 'disabled']).optional(),
  event_type: z
    .string()
    .refine(isEventType, 'must be an event type such as task.completed')
    .optional()
    .describe('Webhooks that would get an event of this type.'),
  q: queryText.optional().describe('Part of the name or the URL, in any case.'),
});
export type WebhookQuery = z.output<typeof webhookQuery>;

const time = z.iso.datetime({ precision: 3 });

/** A webhook as it is shown. */
export const webhookView = z.object({
  id: z.string(),
  ...fields,
  status: z.enum(['active', 'inactive', 'disabled']),
  disabled_reason: z.string().nullable().describe('Why Tidings switched it off.'),
  retry: z.object(retryFields),
  created_at: time,
  updated_at: time,
});
export type WebhookView = z.output<typeof webhookView>;

export const createdWebhookView = webhookView.extend({
  secret: z.string().describe('Shown in this answer, and never again.'),
});

export const webhookPage = z.object({ data: z.array(webhookView), next_cursor: z.string().nullable() });
