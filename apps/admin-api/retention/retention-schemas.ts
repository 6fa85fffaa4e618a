import { z } from 'zod';

const time = z.iso.datetime({ precision: 3 });

export const retentionView = z
  .object({
    retention_days: z.int().describe('For how many days the record is kept, besides today.'),
    kept_since: time.describe('The record is shown from this time on.'),
    next: z
      .object({
        day: z.iso.date().describe('The oldest day of which there is a record, UTC.'),
        goes_at: time,
        events: z.int(),
        deliveries: z.int(),
        open: z.int().describe('Of these deliveries; they stay until they have ended.'),
      })
      .nullable()
      .describe('What goes next; null when there is no record yet.'),
  })
  .meta({ id: 'Retention' });
export type RetentionView = z.output<typeof retentionView>;
