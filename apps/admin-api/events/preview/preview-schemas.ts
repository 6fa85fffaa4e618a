import { z } from 'zod';
import { pageFields } from '../../http/query-fields.js';
import { newEvent } from '../event-schemas.js';

/** An event that is not published, only asked about. */
export const previewedEvent = newEvent.pick({ type: true, data: true, metadata: true });
export type PreviewedEvent = z.output<typeof previewedEvent>;

export const previewQuery = z.strictObject(pageFields);
export type PreviewQuery = z.output<typeof previewQuery>;

export const previewPage = z.object({
  data: z.array(
    z.object({
      webhook_id: z.string(),
      name: z.string(),
      status: z.enum(['active', 'inactive', 'disabled']),
      receives: z.boolean().describe('An `inactive` webhook receives it once it is active again.'),
      reason: z
        .enum(['disabled', 'event_type', 'filter'])
        .nullable()
        .describe('Why it would not receive it.'),
      failed_condition: z
        .string()
        .nullable()
        .describe('Where in the filter the first condition stands that fails, such as `data.total.$gte`.'),
    }),
  ),
  next_cursor: z.string().nullable(),
});
export type Preview = z.output<typeof previewPage>['data'][number];
