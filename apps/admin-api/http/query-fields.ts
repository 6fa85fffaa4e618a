import { z } from 'zod';
import { isPlainText } from '#domain';

/** Text from a query string that may be looked for in the database. */
export const queryText = z.string().min(1).max(2_048).refine(isPlainText, 'must hold no control characters');

export const queryTime = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time such as 2026-01-31T12:00:00Z' })
  .meta({ examples: ['2026-01-31T12:00:00Z'] })
  .transform((text) => new Date(text));
