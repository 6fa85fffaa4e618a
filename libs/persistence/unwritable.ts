import { QueryFailedError } from 'typeorm';

/** PostgreSQL's own for what no later try could change: data exception (22), integrity violation (23), limit of the program (54). */
const DATA_AT_FAULT = /^(22|23|54)/;

/**
 * Whether rows can never be written, for what they hold. All else, be it a
 * full disk, a deadlock, a table that a migration has yet to make or a server
 * that is away, may pass.
 */
export function isUnwritable(error: unknown): boolean {
  if (error instanceof QueryFailedError) {
    const { code } = error.driverError as { code?: unknown };
    return typeof code === 'string' && DATA_AT_FAULT.test(code);
  }
  // Thrown in this process, by what the rows hold.
  return error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError;
}
