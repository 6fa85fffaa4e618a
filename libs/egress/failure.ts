import type { AttemptErrorKind } from '#domain';
import { BlockedAddressError } from './address-guard.js';

/** Why a request had no answer. */
export interface Failure {
  kind: AttemptErrorKind;
  message: string;
}

/** The attempt's one deadline passed. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** The answer breaks HTTP in a way that undici lets through. */
export class InvalidAnswerError extends Error {
  override readonly name = 'InvalidAnswerError';
}

/** The outbound proxy is away, or would not connect. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';
}

export const UNASKED_UPGRADE = 'The answer is a 101 Switching Protocols, for which nobody asked.';

const KIND_BY_CODE: Record<string, AttemptErrorKind> = {
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  ENODATA: 'dns',
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  ENETUNREACH: 'connect',
  EADDRNOTAVAIL: 'connect',
  ETIMEDOUT: 'connect',
  UND_ERR_CONNECT_TIMEOUT: 'connect',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_HEADERS_OVERFLOW: 'response_too_large',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'response_too_large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'invalid_response',
};

/** What undici has no codes for. It takes a 100 that nobody asked for as an error, unlike any other 1xx. */
const INVALID_ANSWERS: [error: RegExp, message: string][] = [
  [/^HTTPParserError: /, 'The answer is not valid HTTP.'],
  [/^SocketError: bad response$/, 'The answer begins with a 100 Continue, for which nobody asked.'],
  [/^SocketError: bad upgrade$/, UNASKED_UPGRADE],
];

const MESSAGES: Partial<Record<AttemptErrorKind, string>> = {
  dns: 'The host name could not be resolved.',
  connect: 'No connection could be made.',
  reset: 'The connection was closed before the answer was complete.',
  response_too_large: 'The answer has too many or too large headers.',
  invalid_response: 'The answer is not valid HTTP.',
};

/** One place that turns what the HTTP client throws into the kinds of the record. */
export function failureOf(error: unknown): Failure {
  if (error instanceof DeadlineError) return { kind: 'timeout', message: error.message };
  const cause = innermost(error);
  if (cause instanceof BlockedAddressError) return { kind: 'blocked_address', message: cause.message };
  if (cause instanceof ProxyError) return { kind: 'connect', message: cause.message };
  if (cause instanceof InvalidAnswerError) return { kind: 'invalid_response', message: cause.message };
  const invalid = INVALID_ANSWERS.find(([error]) => error.test(String(cause)));
  if (invalid) return { kind: 'invalid_response', message: invalid[1] };
  const code = codeOf(cause) ?? codeOf(error) ?? '';
  const known = KIND_BY_CODE[code] ?? kindByPrefix(code);
  if (known === 'tls') return { kind: 'tls', message: `The TLS handshake failed (${code}).` };
  if (known) return { kind: known, message: MESSAGES[known] ?? code };
  return { kind: 'internal', message: `The request could not be made (${code || String(cause)}).` };
}

function kindByPrefix(code: string): AttemptErrorKind | undefined {
  if (
    /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|EPROTO|ERR_OSSL|HOSTNAME_MISMATCH)/.test(code)
  )
    return 'tls';
  return undefined;
}

function codeOf(error: unknown): string | undefined {
  return (error as { code?: string } | undefined)?.code;
}

/** Connecting to several addresses fails with all their errors at once; the first tells what is wrong. */
function innermost(error: unknown): unknown {
  const { cause, errors } = error as { cause?: unknown; errors?: unknown[] };
  if (errors?.[0] !== undefined) return innermost(errors[0]);
  return cause === undefined ? error : innermost(cause);
}
