import { z } from 'zod';
import { isEventTypePattern } from '#domain';
import { deliveryQuery } from '../deliveries/delivery-schemas.js';

export const feedQuery = deliveryQuery
  .pick({ webhook_id: true, event_id: true, status: true, status_code: true })
  .extend({
    event_type: z
      .string()
      .refine(isEventTypePattern, 'must be an event type such as task.completed, or a pattern such as task.*')
      .optional()
      .describe('An event type, or a pattern of them.')
      .meta({ examples: ['order.*'] }),
    last_event_id: z
      .string()
      .max(40)
      .optional()
      .describe(
        'As the header `Last-Event-ID`, for clients that cannot send one: what happened since is told first.',
      )
      .meta({ examples: ['1042.0'] }),
  });
export type FeedQuery = z.output<typeof feedQuery>;

export const feedEvents = z
  .string()
  .describe(
    'Server-sent events. `delivery`: the state of a delivery, its data a DeliverySummary with `attempt` (id, number, trigger, started_at, duration_ms, status_code, error; null where none was made). `gap`: what happened after the id in `after` is not told again; the list of deliveries has it.',
  );
