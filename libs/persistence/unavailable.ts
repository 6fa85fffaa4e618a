import {
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  QueryRunnerProviderAlreadyReleasedError,
} from 'typeorm';

/** What Node says when a server cannot be reached or went away. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** PostgreSQL's own: connection trouble (08), too many connections (53300), stopping or starting (57P0x), read-only (25006). */
const SERVER = /^(08...|53300|57P0[1-5]|25006)$/;

/** The driver has no codes for these. */
const DRIVER =
  /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error|not queryable|driver not connected|connection is not established/i;

/** Whether an error means that PostgreSQL cannot serve now, and the same request may succeed later. */
export function isUnavailable(error: unknown): boolean {
  if (isConnectionLostBetweenStatements(error)) return true;
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (typeof cause !== 'object' || cause === null) return false;
  const { code, message } = cause as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && (NETWORK.has(code) || SERVER.test(code))) return true;
  return typeof message === 'string' && DRIVER.test(message);
}

/**
 * A connection that breaks between two statements of a transaction is taken
 * away, and the next statement is told no more than that
 * (test/chaos/two-admin-apis.chaos.spec.ts).
 */
function isConnectionLostBetweenStatements(error: unknown): boolean {
  return (
    error instanceof QueryRunnerAlreadyReleasedError ||
    error instanceof QueryRunnerProviderAlreadyReleasedError
  );
}

/** The constraint that a statement violated by repeating what must be unique; undefined for any other error. */
export function violatedUniqueness(error: unknown): string | undefined {
  if (!(error instanceof QueryFailedError)) return undefined;
  const { code, constraint } = error.driverError as { code?: string; constraint?: string };
  return code === '23505' ? constraint : undefined;
}
