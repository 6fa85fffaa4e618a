import { z } from 'zod';
import { isEventType } from '#domain';
import { pageFields, pageOf } from '../http/page.js';
import { queryText, queryTime } from '../http/query-fields.js';

const status = z.enum(['pending', 'sending', 'retrying', 'success', 'failed', 'cancelled']);
const time = z.iso.datetime({ precision: 3 });

export const deliveryQuery = z.strictObject({
  ...pageFields,
  webhook_id: queryText.optional().meta({ examples: ['wh_01kfw3v2m0w5tq8h3d6n9r4c7e'] }),
  event_id: queryText.optional().meta({ examples: ['order-4711-paid'] }),
  event_type: z
    .string()
    .refine(isEventType, 'must be an event type such as task.completed')
    .optional()
    .meta({ examples: ['order.paid'] }),
  status: status.optional().meta({ examples: ['failed'] }),
  status_code: z.coerce
    .number<string>()
    .int()
    .min(100)
    .max(599)
    .optional()
    .describe('Of the last response.')
    .meta({ examples: [500] }),
  since: queryTime.optional().describe('Created at this time or later.'),
  until: queryTime.optional().describe('Created before this time.'),
});
export type DeliveryQuery = z.output<typeof deliveryQuery>;

/** The webhook is in the path. */
export const webhookDeliveryQuery = deliveryQuery.omit({ webhook_id: true });
export type WebhookDeliveryQuery = z.output<typeof webhookDeliveryQuery>;

export const deliverySummary = z
  .object({
    id: z.string(),
    event_id: z.string(),
    event_type: z.string(),
    webhook_id: z.string(),
    status,
    attempt_count: z.int(),
    next_attempt_at: time.nullable(),
    created_at: time,
    completed_at: time.nullable(),
    reason: z.string().nullable().describe('Why it ended, or why it waits.'),
  })
  .meta({ id: 'DeliverySummary' });
export type DeliverySummary = z.output<typeof deliverySummary>;

const headers = z.record(z.string(), z.string());

export const attemptView = z
  .object({
    id: z.string(),
    number: z.int(),
    trigger: z.enum(['auto', 'manual', 'test', 'replay']),
    started_at: time,
    duration_ms: z.int(),
    request: z.object({ method: z.string(), url: z.string(), headers, body: z.string() }),
    response: z
      .object({ status: z.int(), headers, body: z.string(), truncated: z.boolean() })
      .nullable()
      .describe('null when none came.'),
    error: z.object({ kind: z.string(), message: z.string() }).nullable(),
    console: z
      .array(z.object({ level: z.enum(['debug', 'log', 'info', 'warn', 'error']), text: z.string() }))
      .nullable()
      .describe("What the webhook's transform wrote, at most 8 KiB; null when none was run."),
  })
  .meta({ id: 'Attempt' });
export type AttemptView = z.output<typeof attemptView>;

export const deliveryView = deliverySummary
  .extend({ attempts: z.array(attemptView) })
  .meta({ id: 'Delivery' });
export const deliveryPage = pageOf(deliverySummary);

/** What can be brought back is what has ended. */
export const bulkRetry = z
  .strictObject({
    webhook_id: queryText.optional(),
    event_id: queryText.optional(),
    event_type: z.string().refine(isEventType, 'must be an event type such as task.completed').optional(),
    status: z.enum(['failed', 'cancelled', 'success']).default('failed'),
    status_code: z.int().min(100).max(599).optional().describe('Of the last response.'),
    since: queryTime.optional().describe('Created at this time or later.'),
    until: queryTime.optional().describe('Created before this time; before now when left out.'),
    dry_run: z.boolean().default(false).describe('Only count.'),
  })
  .meta({ id: 'BulkRetry' });
export type BulkRetry = z.output<typeof bulkRetry>;
