import type { Fault } from '#domain';

/**
 * Every problem that the API answers with: its code, which clients may rely
 * on, and its status. `docs/errors.md` explains each (a spec holds it).
 */
export const PROBLEMS = {
  malformed_json: { status: 400, title: 'The body is not JSON' },
  malformed_yaml: { status: 400, title: 'The body is not YAML that is read' },
  bad_request: { status: 400, title: 'The request cannot be read' },
  unauthenticated: { status: 401, title: 'No valid key was given' },
  forbidden: { status: 403, title: 'The key may not do this' },
  not_found: { status: 404, title: 'There is nothing here' },
  tenant_not_found: { status: 404, title: 'There is no such tenant' },
  key_not_found: { status: 404, title: 'There is no such key' },
  webhook_not_found: { status: 404, title: 'There is no such webhook' },
  signing_keys_not_found: { status: 404, title: 'The webhook has no public keys' },
  webhook_version_not_found: { status: 404, title: 'The webhook never had this version' },
  subscription_not_found: { status: 404, title: 'The webhook does not list this event type' },
  event_not_found: { status: 404, title: 'There is no such event' },
  delivery_not_found: { status: 404, title: 'There is no such delivery' },
  template_not_found: { status: 404, title: 'There is no such template' },
  job_not_found: { status: 404, title: 'There is no such job' },
  event_type_not_found: { status: 404, title: 'There is no such event type' },
  tenant_exists: { status: 409, title: 'The tenant id is taken' },
  tenant_is_permanent: { status: 409, title: 'The tenant cannot be deleted' },
  idempotency_in_flight: { status: 409, title: 'The first request is still running' },
  webhook_name_taken: { status: 409, title: 'The name is taken' },
  event_type_exists: { status: 409, title: 'There is such an event type already' },
  delivery_pending: { status: 409, title: 'The delivery is owed already' },
  delivery_ended: { status: 409, title: 'The delivery has ended' },
  event_rejected: { status: 409, title: 'The event was rejected' },
  payload_expired: { status: 409, title: 'The payload is kept no more' },
  webhook_gone: { status: 409, title: 'The webhook is deleted' },
  webhook_disabled: { status: 409, title: 'The webhook is disabled' },
  job_ended: { status: 409, title: 'The job has ended' },
  version_conflict: { status: 412, title: 'The resource has changed meanwhile' },
  body_too_large: { status: 413, title: 'The body is too large' },
  unsupported_media_type: { status: 415, title: 'The body is not of a type that is understood' },
  invalid_request: { status: 422, title: 'The request is not valid' },
  reserved_event_type: { status: 422, title: "Events of this type are Tidings' own" },
  unknown_event_type: { status: 422, title: 'The catalogue has no such event type' },
  invalid_data: { status: 422, title: 'The data does not fit the schema of the event type' },
  ownership_not_proven: { status: 422, title: 'The receiver has not agreed' },
  webhook_limit_reached: { status: 422, title: 'The tenant has all the webhooks that it may have' },
  idempotency_answer_unreadable: {
    status: 409,
    title: 'The answer that was kept under the Idempotency-Key cannot be opened',
  },
  idempotency_key_reused: { status: 422, title: 'The Idempotency-Key was used for another request' },
  too_many_attempts: { status: 429, title: 'Too many wrong keys' },
  too_many_exports: { status: 429, title: 'The tenant has all the exports at once that it may have' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  database_unavailable: { status: 503, title: 'The database cannot be reached' },
  bus_unavailable: { status: 503, title: 'NATS cannot be reached' },
  sandbox_unavailable: { status: 503, title: 'Transforms cannot be checked now' },
  no_dispatcher: { status: 503, title: 'No dispatcher takes it' },
  attempt_not_answered: { status: 504, title: 'The attempt was not answered in time' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemDetails {
  detail: string;
  /** For bad input: what is wrong where. */
  errors?: Fault[];
  /** Further members of the document: the evidence. */
  evidence?: Record<string, unknown>;
  /** Seconds after which asking again makes sense. */
  retryAfterSeconds?: number;
}

/** An answer that is a problem (RFC 9457). */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly code: ProblemCode,
    readonly details: ProblemDetails,
    options?: ErrorOptions,
  ) {
    super(details.detail, options);
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  /** The document, `application/problem+json`. */
  document(): Record<string, unknown> {
    const { status, title } = PROBLEMS[this.code];
    const { detail, errors, evidence } = this.details;
    const type = `urn:tidings:problem:${this.code}`;
    return { type, title, status, detail, code: this.code, ...(errors ? { errors } : {}), ...evidence };
  }
}

/** Input that was read and is not valid. */
export function invalidRequest(errors: Fault[]): Problem {
  const [first] = errors;
  const where = first && (first.path === '' ? first.message : `${first.path}: ${first.message}`);
  const rest = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
  return new Problem('invalid_request', { detail: `Not valid: ${where ?? 'the request'}${rest}.`, errors });
}
