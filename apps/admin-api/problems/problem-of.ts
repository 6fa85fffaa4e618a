import { HttpException } from '@nestjs/common';
import { BusUnreachableError, PublishError } from '#bus';
import {
  EventTypeExists,
  EventTypeInvalid,
  EventTypeNotFound,
  EventTypeVersionConflict,
  WebhookInvalid,
  WebhookNameTaken,
  WebhookNotFound,
  WebhookNotSubscribed,
  WebhookVersionConflict,
} from '#domain';
import { CursorError, isUnavailable } from '#persistence';
import { invalidRequest, Problem, type ProblemCode } from './problem.js';

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

/** The one place that says which answer an error is. What it does not know is our own fault: 500. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof WebhookNotFound) return new Problem('webhook_not_found', { detail: error.message });
  if (error instanceof WebhookNotSubscribed)
    return new Problem('subscription_not_found', { detail: error.message });
  if (error instanceof EventTypeNotFound)
    return new Problem('event_type_not_found', { detail: error.message });
  if (error instanceof EventTypeExists) {
    const errors = [{ path: 'name', message: 'is taken' }];
    return new Problem('event_type_exists', { detail: error.message, errors });
  }
  if (error instanceof WebhookInvalid || error instanceof EventTypeInvalid)
    return invalidRequest(error.faults);
  if (error instanceof CursorError) return invalidRequest([{ path: 'cursor', message: error.message }]);
  if (error instanceof WebhookNameTaken) {
    const errors = [{ path: 'name', message: 'is taken' }];
    return new Problem('webhook_name_taken', { detail: error.message, errors });
  }
  if (error instanceof WebhookVersionConflict || error instanceof EventTypeVersionConflict) {
    const evidence = { expected_version: error.expected, actual_version: error.actual };
    return new Problem('version_conflict', { detail: error.message, evidence });
  }
  if (error instanceof PublishError || error instanceof BusUnreachableError)
    return unavailable('bus_unavailable', 'NATS did not take it in time.', error);
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
