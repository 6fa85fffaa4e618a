import type { z, ZodType } from 'zod';
import { invalidRequest } from '../problems/problem.js';
import { schemaFaults } from '../problems/schema-faults.js';
import { mergePatch } from './merge-patch.js';

/**
 * What a merge patch makes of what there is.
 * @throws Problem 422 when the schema does not allow it
 */
export function patchedBy<Schema extends ZodType>(
  schema: Schema,
  before: unknown,
  patch: unknown,
): z.output<Schema> {
  const result = schema.safeParse(mergePatch(before, patch));
  if (!result.success) throw invalidRequest(schemaFaults(result.error.issues));
  return result.data;
}
