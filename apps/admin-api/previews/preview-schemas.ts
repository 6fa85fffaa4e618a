import { z } from 'zod';
import { HMAC_SCHEMES, isEventType, SIGNATURE_ENCODINGS, WEBHOOK_LIMITS } from '#domain';
import { attemptView } from '../deliveries/delivery-schemas.js';
import { format } from '../webhooks/webhook-format.js';

const { max } = WEBHOOK_LIMITS.transform;

const eventType = z.string().refine(isEventType, 'must be an event type such as task.completed');
const data = z
  .unknown()
  .optional()
  .describe(
    'Any JSON of at most 256 KiB; its bytes and key order are kept. Left out, the example of the event type in ' +
      'the catalogue, else a small sample.',
  );
const metadata = z.record(z.string(), z.unknown()).nullish();
const transform = z.string().min(1).max(max).nullable();

export const wantedPreview = z
  .strictObject({
    event_id: z.string().optional().describe('An event of the record; without it, a sample is made.'),
    event_type: eventType.default('webhook.test'),
    data,
    metadata,
    format: format.optional().describe('Taken instead of the one of the webhook.'),
    transform: transform.optional().describe('Taken instead of the one of the webhook; null for none.'),
  })
  .meta({ id: 'WantedPreview' });
export type WantedPreview = z.output<typeof wantedPreview>;

export const triedTransform = z
  .strictObject({
    transform: transform.describe('The code to try; null for the format alone.'),
    event_type: eventType.default('webhook.test'),
    data,
    metadata,
    format: format.default('standard'),
  })
  .meta({ id: 'TriedTransform' });
export type TriedTransform = z.output<typeof triedTransform>;

const { request, error, console } = attemptView.shape;

export const shownTransform = z
  .object({
    before: request.nullable().describe('The request as the format alone makes it; null where it cannot.'),
    after: request.nullable().describe('The request that would be sent; null when none would be.'),
    dropped: z.boolean().describe('Whether the transform wants nothing sent.'),
    error,
    console,
    duration_ms: z
      .number()
      .nullable()
      .describe('How long the transform ran in the sandbox; null when there is none.'),
  })
  .meta({ id: 'ShownTransform' });

export const webhookPreview = z
  .object({
    request: request
      .nullable()
      .describe('Exactly what would be sent, secrets masked as in the record; null when nothing would be.'),
    truncated: z.boolean().describe('Whether the body shown is only its beginning, 64 KiB of it.'),
    curl: z
      .string()
      .nullable()
      .describe(
        'The same as a command. What is masked is a variable there, `$TIDINGS_AUTHORIZATION` for `Authorization`.',
      ),
    before: request
      .nullable()
      .describe('What it would be without the transform; null when there is none to leave out.'),
    dropped: z.boolean().describe('Whether the transform wants nothing sent.'),
    error,
    console,
    receives: z.boolean().describe('Whether the webhook would get such an event.'),
    reason: z.enum(['disabled', 'event_type', 'filter']).nullable().describe('Why it would not.'),
    failed_condition: z
      .string()
      .nullable()
      .describe('Where in the filter the first condition stands that fails.'),
  })
  .meta({ id: 'WebhookPreview' });

const signature = z
  .object({
    scheme: z.enum(HMAC_SCHEMES),
    header: z.string(),
    prefix: z.string(),
    content: z.string(),
    encoding: z.enum(SIGNATURE_ENCODINGS),
  })
  .nullable()
  .describe('Beside the `v1` of Standard Webhooks, which is in every request.');

export const formatList = z
  .object({
    data: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        headers: z.record(z.string(), z.string()).describe('Those of the sample.'),
        signature,
        body: z.string().describe('The body of a sample.'),
      }),
    ),
  })
  .meta({ id: 'Formats' });
