import { z } from 'zod';
import { isEventType } from '#domain';
import { attemptView } from '../deliveries/delivery-schemas.js';

export const webhookTest = z
  .strictObject({
    event_type: z
      .string()
      .refine(isEventType, 'must be an event type such as task.completed')
      .default('webhook.test'),
    data: z
      .unknown()
      .optional()
      .describe(
        'Any JSON of at most 256 KiB; its bytes and key order are kept. Left out, the example of the event type in the catalogue, else a small sample.',
      ),
    metadata: z
      .record(z.string(), z.unknown())
      .nullable()
      .optional()
      .describe(
        'What formats and transforms see as the metadata of the event. Its bytes are kept too; at most 256 KiB together with data.',
      ),
  })
  .meta({ id: 'WebhookTest' });
export type WebhookTest = z.output<typeof webhookTest>;

export const triedAttempt = attemptView
  .extend({
    delivery_id: z.string().describe('The delivery that shows it, once it is on record.'),
    event_id: z.string(),
  })
  .meta({ id: 'TestAttempt' });
