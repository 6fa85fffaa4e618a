import { z } from 'zod';
import {
  DEFAULT_OVERLAP_SECONDS,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUT_SECONDS,
  isEventType,
  OWNERSHIP_CHECKS,
  PLAIN_WEBHOOK,
  WEBHOOK_LIMITS,
} from '#domain';
import { pageFields, pageOf } from '../http/page.js';
import { queryText } from '../http/query-fields.js';
import { auth } from './webhook-auth.js';
import { eventTypePattern, fields, rateLimitFields, retryFields } from './webhook-fields.js';
import { SECRET_CHARACTERS } from './signing-secret.js';
import { formatPatch } from './webhook-format.js';

/** A retry policy; what was left out gets its default. */
export const retryPolicy = z.strictObject({
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
export const webhookDefinition = z
  .strictObject({
    ...fields,
    description: fields.description.default(PLAIN_WEBHOOK.description),
    tags: fields.tags.default(() => []),
    metadata: fields.metadata.default(() => ({})),
    method: fields.method.default(PLAIN_WEBHOOK.method),
    filter: fields.filter.default(PLAIN_WEBHOOK.filter),
    status: fields.status.default('active'),
    headers: fields.headers.default(() => ({})),
    auth: auth.meta({ id: 'WantedAuth' }).prefault({ type: 'none' }),
    timeout_seconds: fields.timeout_seconds.default(DEFAULT_TIMEOUT_SECONDS),
    retry: retryPolicy.prefault({}),
    format: fields.format.default(PLAIN_WEBHOOK.format),
    transform: fields.transform.default(PLAIN_WEBHOOK.transform),
    rate_limit: fields.rate_limit.default(PLAIN_WEBHOOK.rate_limit),
    concurrency: fields.concurrency.default(PLAIN_WEBHOOK.concurrency),
    ordered: fields.ordered.default(PLAIN_WEBHOOK.ordered),
  })
  .meta({ id: 'WebhookDefinition' });
export type WantedWebhook = z.output<typeof webhookDefinition>;

const suppliedSecret = z
  .string()
  .max(SECRET_CHARACTERS.max)
  .optional()
  .describe(
    '`whsec_` and 24 to 64 bytes in base64; for formats with an HMAC of their own, any text of ' +
      `${SECRET_CHARACTERS.min} to ${SECRET_CHARACTERS.max} characters, whose UTF-8 bytes are the key. ` +
      'Made for you when left out.',
  );

/** A webhook to create: the timeout and what is left out of the retry policy are the tenant's. */
export const newWebhook = webhookDefinition
  .extend({
    timeout_seconds: fields.timeout_seconds.optional(),
    retry: z.strictObject(retryFields).partial().optional(),
    secret: suppliedSecret,
  })
  .meta({ id: 'NewWebhook' });
export type NewWebhook = z.output<typeof newWebhook>;

/** A JSON merge patch: null puts a field back to its default. */
export const webhookPatch = z
  .strictObject({
    ...fields,
    description: fields.description.nullable(),
    tags: fields.tags.nullable(),
    metadata: z
      .record(z.string(), z.string().nullable())
      .nullable()
      .describe('Merged; null removes a member.'),
    method: fields.method.nullable(),
    filter: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('Merged with the filter that there is; null for none.'),
    status: fields.status.nullable(),
    headers: z
      .record(z.string(), z.string().nullable())
      .nullable()
      .describe('Merged; null removes a header.'),
    auth: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('Merged when the type stays, and replaced when it changes; null for none.'),
    timeout_seconds: fields.timeout_seconds.nullable(),
    format: formatPatch,
    rate_limit: z.strictObject(rateLimitFields).partial().nullable().describe('Merged; null for any number.'),
    concurrency: fields.concurrency.nullable(),
    ordered: fields.ordered.nullable(),
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
  .partial()
  .meta({ id: 'WebhookPatch' });
export type WebhookPatch = z.output<typeof webhookPatch>;

export const webhookQuery = z.strictObject({
  ...pageFields,
  status: z
    .enum(['active', 'inactive', 'disabled'])
    .optional()
    .meta({ examples: ['active'] }),
  event_type: z
    .string()
    .refine(isEventType, 'must be an event type such as task.completed')
    .optional()
    .describe('Webhooks that would get an event of this type.')
    .meta({ examples: ['order.paid'] }),
  tag: queryText
    .optional()
    .describe('Webhooks that have this tag.')
    .meta({ examples: ['billing'] }),
  q: queryText
    .optional()
    .describe('Part of the name or the URL, in any case.')
    .meta({ examples: ['shop.example'] }),
});
export type WebhookQuery = z.output<typeof webhookQuery>;

const time = z.iso.datetime({ precision: 3 });

/** A webhook as it is shown. */
export const webhookView = z
  .object({
    id: z.string(),
    ...fields,
    // Checked when it was taken in.
    filter: z.record(z.string(), z.unknown()).nullable(),
    status: z.enum(['active', 'inactive', 'disabled']),
    disabled_reason: z.string().nullable().describe('Why Tidings switched it off.'),
    ownership: z
      .object({
        check: z.enum(OWNERSHIP_CHECKS),
        state: z.enum(['pending', 'proven']).describe('While it is pending, nothing is sent.'),
        proven_at: time.nullable(),
        origin: z.string().nullable().describe('The name of ours to which the receiver agreed.'),
        allowed_per_minute: z
          .int()
          .nullable()
          .describe('Requests that the receiver allows; null for any number.'),
      })
      .nullable()
      .describe('Whether the receiver at the URL has agreed to get events; null where it is not asked.'),
    auth: auth.meta({ id: 'WebhookAuth' }),
    retry: z.object(retryFields).meta({ id: 'RetryPolicy' }),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: 'Webhook' });
export type WebhookView = z.output<typeof webhookView>;

export const createdWebhookView = webhookView
  .extend({
    secret: z.string().describe('Shown in this answer, and never again.'),
  })
  .meta({ id: 'CreatedWebhook' });

export const webhookPage = pageOf(webhookView);

export const secretRotation = z
  .strictObject({
    overlap_seconds: z
      .int()
      .min(WEBHOOK_LIMITS.overlap_seconds.min)
      .max(WEBHOOK_LIMITS.overlap_seconds.max)
      .default(DEFAULT_OVERLAP_SECONDS)
      .describe('For how long the secret before signs too. Those before it end then at the latest.'),
    secret: suppliedSecret,
  })
  .meta({ id: 'SecretRotation' });
export type SecretRotation = z.output<typeof secretRotation>;

export const rotatedSecretView = createdWebhookView
  .extend({
    previous_secret_until: time.describe(
      'Until then requests carry a signature under the secret before as well.',
    ),
  })
  .meta({ id: 'RotatedWebhook' });

export const webhookIds = z
  .strictObject({
    ids: z.array(z.string().min(1).max(200)).min(1).max(1_000),
  })
  .meta({ id: 'WebhookIds' });
export type WebhookIds = z.output<typeof webhookIds>;

/** What happened to each of the ids, in their order. */
export const bulkDeletion = z
  .object({
    data: z.array(
      z.object({
        id: z.string(),
        deleted: z.boolean(),
        code: z.string().nullable().describe('Of the problem, when it was not deleted.'),
      }),
    ),
  })
  .meta({ id: 'BulkDeletion' });

export const newSubscription = z
  .strictObject({ event_type: eventTypePattern })
  .meta({ id: 'NewSubscription' });
export type NewSubscription = z.output<typeof newSubscription>;
export const subscriptionsView = z.object({ event_types: z.array(z.string()) }).meta({ id: 'Subscriptions' });

export const tagPage = pageOf(z.object({ tag: z.string(), webhooks: z.int() }));

export const historyPage = pageOf(
  z.object({
    version: z.int(),
    type: z.string().describe('Such as `webhook.changed`.'),
    at: time,
    actor: z.string().describe('Who decided it.'),
    data: z.record(z.string(), z.unknown()).describe('What was decided; secrets are masked.'),
  }),
);

export const pastWebhook = z
  .object({
    version: z.int(),
    webhook: webhookView.nullable().describe('The webhook as it was; null at the version that deleted it.'),
  })
  .meta({ id: 'PastWebhook' });
