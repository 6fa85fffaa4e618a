import { z } from 'zod';
import { pageOf } from '../../http/page.js';
import { newEvent } from '../event-schemas.js';

/** An event that is not published, only asked about. */
export const previewedEvent = newEvent
  .pick({ type: true, data: true, metadata: true })
  .meta({ id: 'PreviewedEvent' });
export type PreviewedEvent = z.output<typeof previewedEvent>;

export const previewPage = pageOf(
  z.object({
    webhook_id: z.string(),
    name: z.string(),
    status: z.enum(['active', 'inactive', 'disabled']),
    receives: z.boolean().describe('An `inactive` webhook receives it once it is active again.'),
    reason: z.enum(['disabled', 'event_type', 'filter']).nullable().describe('Why it would not receive it.'),
    failed_condition: z
      .string()
      .nullable()
      .describe('Where in the filter the first condition stands that fails, such as `data.total.$gte`.'),
  }),
);
export type Preview = z.output<typeof previewPage>['data'][number];
