import { z, type ZodType } from 'zod';
import type { Page } from '#persistence';
import { queryText } from './query-fields.js';

const MAX_LIMIT = 250;

/** What every list understands. */
export const pageFields = {
  limit: z.coerce
    .number<string>()
    .int()
    .min(1)
    .max(MAX_LIMIT)
    .default(50)
    .describe('Items at most.')
    .meta({ examples: [20] }),
  cursor: queryText
    .optional()
    .describe('`next_cursor` of the page before.')
    .meta({ examples: ['WyJ3ZWJob29rcyIsIndoXzAxIl0'] }),
};

/** What a list understands that has nothing to filter by. */
export const pageQuery = z.strictObject(pageFields);
export type PageQuery = z.output<typeof pageQuery>;

/** What a list answers with. */
export function pageOf<Item extends ZodType>(item: Item) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() });
}

/** Shows a page of what was found. */
export function shownPage<Row, View>({ rows, nextCursor }: Page<Row>, view: (row: Row) => View) {
  return { data: rows.map((row) => view(row)), next_cursor: nextCursor };
}
