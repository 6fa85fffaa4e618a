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
  if (error instanceof TenantNotFound) return new Problem('tenant_not_found', { detail: error.message });
  if (error instanceof TenantExists) {
    const errors = [{ path: 'id', message: 'is taken' }];
    return new Problem('tenant_exists', { detail: error.message, errors });
  }
  if (error instanceof TenantIsPermanent)
    return new Problem('tenant_is_permanent', { detail: error.message });
  if (error instanceof WebhookLimitReached) {
    const evidence = { limit: error.limit, count: error.count };
    return new Problem('webhook_limit_reached', { detail: error.message, evidence });
  }
  if (error instanceof KeyNotFound) return new Problem('key_not_found', { detail: error.message });
  if (isInvalid(error)) return invalidRequest(error.faults);
  if (error instanceof CursorError) return invalidRequest([{ path: 'cursor', message: error.message }]);
  if (error instanceof WebhookNameTaken) {
    const errors = [{ path: 'name', message: 'is taken' }];
    return new Problem('webhook_name_taken', { detail: error.message, errors });
  }
  if (isVersionConflict(error)) {
    const evidence = { expected_version: error.expected, actual_version: error.actual };
    return new Problem('version_conflict', { detail: error.message, evidence });
  }
  if (error instanceof PublishError || error instanceof BusUnreachableError)
    return unavailable('bus_unavailable', 'NATS did not take it in time.', error);
  if (isUnavailable(error))
    return unavailable('database_unavailable', 'The database does not answer now.', error);
  return problemOfStatus(error);
}

const INVALID = [WebhookInvalid, EventTypeInvalid, TenantInvalid, KeyInvalid];
const VERSION_CONFLICT = [
  WebhookVersionConflict,
  EventTypeVersionConflict,
  TenantVersionConflict,
  KeyVersionConflict,
];

function isInvalid(error: unknown): error is InstanceType<(typeof INVALID)[number]> {
  return INVALID.some((kind) => error instanceof kind);
}

function isVersionConflict(error: unknown): error is InstanceType<(typeof VERSION_CONFLICT)[number]> {
  return VERSION_CONFLICT.some((kind) => error instanceof kind);
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
