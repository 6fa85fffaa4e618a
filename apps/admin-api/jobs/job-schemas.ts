import { z } from 'zod';
import { pageFields, pageOf } from '../http/page.js';

const time = z.iso.datetime({ precision: 3 });
const status = z.enum(['pending', 'running', 'done', 'cancelled', 'failed']);

export const jobQuery = z.strictObject({
  ...pageFields,
  status: status.optional().meta({ examples: ['done'] }),
});
export type JobQuery = z.output<typeof jobQuery>;

/** What a dry run answers with. */
export const countView = z
  .object({ count: z.int().describe('Deliveries that it would be about, counted now.') })
  .meta({ id: 'Count' });

export const jobView = z
  .object({
    id: z.string(),
    kind: z.enum(['bulk_retry', 'webhook_replay']),
    params: z.record(z.string(), z.unknown()).describe('What was asked for.'),
    status,
    total: z
      .int()
      .nullable()
      .describe('Deliveries that it is about, counted when it began; null until then.'),
    done: z.int().describe('Of those, how many are on their way.'),
    skipped: z.int().describe('Of those, how many cannot be sent, for their payload is kept no more.'),
    error: z.string().nullable().describe('Why it failed: `webhook_gone`, `webhook_disabled` or `internal`.'),
    actor: z.string().describe('The id of the key that asked for it, or `operator`.'),
    created_at: time,
    updated_at: time,
    completed_at: time.nullable(),
  })
  .meta({ id: 'Job' });
export type JobView = z.output<typeof jobView>;

export const jobPage = pageOf(jobView);
