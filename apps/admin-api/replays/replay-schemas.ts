import { z } from 'zod';
import { queryText, queryTime } from '../http/query-fields.js';

export const eventReplay = z
  .strictObject({
    webhook_id: queryText
      .optional()
      .describe(
        'To this webhook, whatever it subscribes to; left out, to every one that would receive it now.',
      ),
    dry_run: z.boolean().default(false).describe('Only count.'),
  })
  .meta({ id: 'WantedEventReplay' });
export type EventReplay = z.output<typeof eventReplay>;

export const eventReplayView = z
  .object({
    deliveries: z.array(z.string()).describe('Their ids, also of those that are on their way already.'),
    count: z.int(),
    skipped: z.int().describe('How many cannot be sent, for their payload is kept no more.'),
  })
  .meta({ id: 'EventReplay' });

export const webhookReplay = z
  .strictObject({
    since: queryTime.describe('Events accepted at this time or later.'),
    until: queryTime.optional().describe('Events accepted before this time; now when left out.'),
    only: z
      .enum(['failed', 'missing', 'all'])
      .describe(
        '`failed`: deliveries that have failed. `missing`: events that match the webhook now and were never owed to it, or whose delivery was cancelled. `all`: every event that matches it now.',
      ),
    dry_run: z.boolean().default(false).describe('Only count.'),
  })
  .refine(({ since, until }) => until === undefined || until > since, {
    path: ['until'],
    error: 'must be later than since',
  })
  .meta({ id: 'WantedWebhookReplay' });
export type WebhookReplayRequest = z.output<typeof webhookReplay>;
