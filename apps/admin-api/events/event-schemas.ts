import { z } from 'zod';
import { isEventId, isEventType, isEventTypePattern, normalTimestamp } from '#domain';
import { pageFields, pageOf } from '../http/page.js';
import { queryText, queryTime } from '../http/query-fields.js';

const eventType = z.string().refine(isEventType, 'must be an event type such as task.completed');

/** An event to publish. The values only pass a check here: what is published is their text. */
export const newEvent = z
  .strictObject({
    type: eventType,
    data: z.unknown().describe('Any JSON; its bytes and key order are kept.'),
    id: z
      .string()
      .refine(isEventId, 'must be 1 to 200 visible ASCII characters')
      .optional()
      .describe('Publishing the same id again within the deduplication window is accepted once.'),
    timestamp: z
      .string()
      .refine(
        (text) => normalTimestamp(text) !== undefined,
        'must be an RFC 3339 time such as 2026-01-31T12:00:00Z',
      )
      .optional()
      .describe('When it happened; the time of acceptance when left out.'),
    metadata: z.record(z.string(), z.unknown()).nullable().optional(),
  })
  .meta({ id: 'NewEvent' });
export type NewEvent = z.output<typeof newEvent>;

export const acceptedEventView = z
  .object({
    id: z.string(),
    duplicate: z.boolean().describe('The id was accepted before; nothing was published now.'),
  })
  .meta({ id: 'AcceptedEvent' });

export type AcceptedEvent = z.output<typeof acceptedEventView>;

const MAX_BATCH = 1_000;

/** Its items are checked one by one, for each is answered for itself. */
export const eventBatch = z
  .strictObject({
    events: z
      .array(z.unknown().meta({ $ref: '#/$defs/NewEvent' }))
      .min(1)
      .max(MAX_BATCH),
  })
  .meta({ id: 'EventBatch' });
export type EventBatch = z.output<typeof eventBatch>;

const batchItem = z.union([
  acceptedEventView.extend({ index: z.int() }),
  z.object({
    index: z.int(),
    problem: z.record(z.string(), z.unknown()).describe('As the answer to it alone.'),
  }),
]);
export type BatchItem = z.output<typeof batchItem>;

export const batchReport = z
  .object({
    accepted: z.int().describe('How many the stream has now, duplicates among them.'),
    refused: z.int(),
    data: z.array(batchItem).describe('One for each event, in their order.'),
  })
  .meta({ id: 'BatchReport' });

export const eventQuery = z.strictObject({
  ...pageFields,
  type: z
    .string()
    .refine(isEventTypePattern, 'must be an event type such as task.completed, or a pattern such as task.*')
    .optional()
    .describe('An event type, or a pattern of them.')
    .meta({ examples: ['order.*'] }),
  q: queryText
    .optional()
    .describe(
      'Part of the id, the type or the data, in any case. With `q` or a pattern, events are looked through for a bounded time: a page may be short or empty while `next_cursor` leads on.',
    )
    .meta({ examples: ['order-4711'] }),
  since: queryTime.optional().describe('Accepted at this time or later.'),
  until: queryTime.optional().describe('Accepted before this time.'),
});
export type EventQuery = z.output<typeof eventQuery>;

const time = z.iso.datetime({ precision: 3 });

/** An event in a list: its payload is shown with the event alone. */
export const eventSummary = z
  .object({
    id: z.string(),
    type: z.string(),
    status: z.enum(['accepted', 'rejected']),
    reason: z.string().nullable().describe('Why it was rejected.'),
    timestamp: z.string(),
    accepted_at: time,
    match_count: z.int().describe('How many webhooks it matched.'),
  })
  .meta({ id: 'EventSummary' });
export type EventSummary = z.output<typeof eventSummary>;

export const eventView = eventSummary
  .extend({
    data: z.unknown().describe('As it was published; null for what was rejected.'),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    excerpt: z.string().nullable().describe('Of a rejected message: how it begins.'),
    matches: z.array(z.object({ delivery_id: z.string(), webhook_id: z.string(), status: z.string() })),
  })
  .meta({ id: 'Event' });

export const eventPage = pageOf(eventSummary);
