import { z } from 'zod';
import { isEventType } from '#domain';
import { queryText } from '../http/query-fields.js';
import { LENGTH, LONGEST_WINDOW, readLength } from './windows.js';

const time = z.iso.datetime({ precision: 3 });

/** @param example of how such a length of time is written */
const length = (example: string) =>
  z
    .string()
    .regex(LENGTH, 'must be minutes, hours or days such as 30m, 24h or 7d')
    .meta({ examples: [example] })
    .transform(readLength);

const window = length('24h')
  .refine(({ ms }) => ms <= LONGEST_WINDOW.ms, `must be at most ${LONGEST_WINDOW.text}`)
  .prefault('24h')
  .describe('How far back, from now: minutes, hours or days.');

const event_type = z
  .string()
  .refine(isEventType, 'must be an event type such as task.completed')
  .optional()
  .describe('Only what is about this event type; the window begins at a whole hour then.')
  .meta({ examples: ['order.paid'] });

export const statsQuery = z.strictObject({ window, event_type });
export type StatsQuery = z.output<typeof statsQuery>;

export const seriesQuery = z.strictObject({
  window,
  step: length('1h')
    .optional()
    .describe(
      'Minutes that divide an hour (for windows of up to 48h, without `event_type`), hours that divide a day, or `1d`; one that fits the window when left out.',
    ),
  webhook_id: queryText.optional().meta({ examples: ['wh_01kfw3v2m0w5tq8h3d6n9r4c7e'] }),
  event_type,
});
export type SeriesQuery = z.output<typeof seriesQuery>;

const count = z.int().min(0);
const share = z.number().min(0).max(1).nullable();
const latency = z.number().min(0).nullable();

const figures = z.object({
  events: count.describe('Accepted in that time; of a webhook: those that it was owed.'),
  events_unmatched: count.describe('Of those, the ones that no webhook wanted.'),
  events_rejected: count.describe('Not accepted, and not among those.'),
  deliveries: z
    .object({
      total: count,
      success: count,
      failed: count,
      pending: count,
      sending: count,
      retrying: count,
      cancelled: count,
    })
    .describe('Created in that time, by their status now.'),
  attempts: z
    .object({
      total: count,
      success: count,
      failed: count,
      dropped: count.describe('Not among `total`: a transform wanted nothing sent.'),
      test: count.describe('Of `total`, those of `POST /webhooks/{id}/test`.'),
    })
    .describe('Begun in that time.'),
  attempts_per_delivery: z
    .number()
    .min(0)
    .nullable()
    .describe('`attempts.total` for each delivery; null without any.'),
  success_rate: share.describe(
    'The share of success among the deliveries that succeeded or failed; null without any.',
  ),
  latency_ms: z
    .object({ p50: latency, p95: latency, p99: latency })
    .describe('Durations of the attempts, off by 4.5 % at most; null without any.'),
  by_status_code: z.record(z.string(), count).describe('Attempts by the status code of their answer.'),
  by_error_kind: z.record(z.string(), count).describe('Failed attempts by the kind of their error.'),
});
export type Figures = z.output<typeof figures>;

export const stats = z
  .object({
    window: z.string(),
    since: time.describe('When the window really begins: at a whole minute, or hour.'),
    until: time,
    ...figures.shape,
    last_triggered_at: time.nullable().describe('When the last attempt was begun, in the window or before.'),
    retry_queue: count.describe('Deliveries that wait for another attempt now, whenever they were created.'),
    top_failing: z
      .array(
        z.object({
          webhook_id: z.string(),
          name: z.string().nullable().describe('Null when it was deleted.'),
          failed: count.describe('Deliveries.'),
          success: count,
          success_rate: share,
        }),
      )
      .describe('The webhooks with the most failed deliveries, ten at most.'),
  })
  .meta({ id: 'Statistics' });
export type Stats = z.output<typeof stats>;

export const series = z
  .object({
    window: z.string(),
    step: z.string(),
    since: time.describe('When the first step begins.'),
    until: time.describe('Now: the last step is still under way.'),
    webhook_id: z.string().nullable(),
    event_type: z.string().nullable(),
    points: z
      .array(z.object({ starts_at: time, ...figures.shape }))
      .describe('Every step, those without anything too.'),
  })
  .meta({ id: 'StatisticsSeries' });
export type Series = z.output<typeof series>;
