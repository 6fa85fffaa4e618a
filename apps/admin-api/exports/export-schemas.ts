import { z } from 'zod';
import { queryText, queryTime } from '../http/query-fields.js';

export const exportQuery = z.strictObject({
  since: queryTime
    .optional()
    .describe('Accepted or created at this time or later; all that is kept when left out.'),
  until: queryTime.optional().describe('Accepted or created before this time; before now when left out.'),
  format: z
    .enum(['ndjson', 'csv'])
    .default('ndjson')
    .describe('One JSON object a line, or CSV with a line of names.')
    .meta({ examples: ['ndjson'] }),
  after: queryText
    .optional()
    .describe('The `cursor` of the last whole line that you have: the export goes on after it.')
    .meta({ examples: ['WyJleHBvcnQuZGVsaXZlcmllcyIsImRsdl8wMSJd'] }),
});
export type ExportQuery = z.output<typeof exportQuery>;
