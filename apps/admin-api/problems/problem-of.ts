import { HttpException } from '@nestjs/common';
import { BusUnreachableError, PublishError } from '#bus';
import {
  EventTypeExists,
  EventTypeInvalid,
  EventTypeNotFound,
  EventTypeVersionConflict,
  KeyInvalid,
  KeyNotFound,
  KeyVersionConflict,
  TenantExists,
  TenantInvalid,
  TenantIsPermanent,
  TenantNotFound,
  TenantVersionConflict,
  WebhookInvalid,
  WebhookLimitReached,
  WebhookNameTaken,
  WebhookNotFound,
  WebhookNotSubscribed,
  WebhookVersionConflict,
} from '#domain';
import { CursorError, isUnavailable } from '#persistence';
import { invalidRequest, Problem, type ProblemCode, type ProblemDetails } from './problem.js';

const RETRY_AFTER_SECONDS = 2;

/** What Fastify and Nest refuse before a route of ours runs. */
const BY_STATUS: Partial<Record<number, ProblemCode>> = {
  400: 'bad_request',
  401: 'unauthenticated',
  404: 'not_found',
  413: 'body_too_large',
  // Fastify says so of a path segment that is longer than any id.
  414: 'not_found',
  415: 'unsupported_media_type',
};

type Answer = (error: unknown) => Problem | undefined;
type Kind<E extends Error = Error> = new (...args: never[]) => E;

function whenever<K extends Kind>(kinds: K[], problem: (error: InstanceType<K>) => Problem): Answer {
  return (error) =>
    kinds.some((kind) => error instanceof kind) ? problem(error as InstanceType<K>) : undefined;
}

/** The error's message says it; the evidence stands beside it. */
function says<E extends Error>(
  kind: Kind<E>,
  code: ProblemCode,
  more?: (error: E) => Omit<ProblemDetails, 'detail'>,
): Answer {
  return whenever([kind], (error) => new Problem(code, { detail: error.message, ...more?.(error) }));
}

const taken = (path: string) => () => ({ errors: [{ path, message: 'is taken' }] });

const ANSWERS: Answer[] = [
  says(WebhookNotFound, 'webhook_not_found'),
  says(WebhookNotSubscribed, 'subscription_not_found'),
  says(WebhookNameTaken, 'webhook_name_taken', taken('name')),
  says(WebhookLimitReached, 'webhook_limit_reached', ({ limit, count }) => ({ evidence: { limit, count } })),
  says(EventTypeNotFound, 'event_type_not_found'),
  says(EventTypeExists, 'event_type_exists', taken('name')),
  says(TenantNotFound, 'tenant_not_found'),
  says(TenantExists, 'tenant_exists', taken('id')),
  says(TenantIsPermanent, 'tenant_is_permanent'),
  says(KeyNotFound, 'key_not_found'),
  whenever([WebhookInvalid, EventTypeInvalid, TenantInvalid, KeyInvalid], ({ faults }) =>
    invalidRequest(faults),
  ),
  whenever([CursorError], ({ message }) => invalidRequest([{ path: 'cursor', message }])),
  whenever(
    [WebhookVersionConflict, EventTypeVersionConflict, TenantVersionConflict, KeyVersionConflict],
    ({ message, expected, actual }) =>
      new Problem('version_conflict', {
        detail: message,
        evidence: { expected_version: expected, actual_version: actual },
      }),
  ),
  whenever([PublishError, BusUnreachableError], (error) =>
    unavailable('bus_unavailable', 'NATS did not take it in time.', error),
  ),
];

/** The one place that says which answer an error is. What it does not know is our own fault: 500. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  for (const answer of ANSWERS) {
    const problem = answer(error);
    if (problem) return problem;
  }
  if (isUnavailable(error))
    return unavailable('database_unavailable', 'The database does not answer now.', error);
  return problemOfStatus(error);
}

function unavailable(code: ProblemCode, detail: string, cause: unknown): Problem {
  return new Problem(
    code,
    { detail: `${detail} Try again in a moment.`, retryAfterSeconds: RETRY_AFTER_SECONDS },
    { cause },
  );
}

function problemOfStatus(error: unknown): Problem {
  const { statusCode, message } = (error ?? {}) as { statusCode?: unknown; message?: unknown };
  const status = error instanceof HttpException ? error.getStatus() : statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    const code = BY_STATUS[status] ?? 'bad_request';
    return new Problem(code, { detail: String(message) }, { cause: error });
  }
  return new Problem('internal', { detail: 'The error has been logged.' }, { cause: error });
}
