import type { AttemptRecord, RoutedWebhook, TraceContext } from '#domain';
import type { OwedDelivery } from '#bus';
import type { TracedSpan, Tracing } from '#observability';

/** Begins the span of an attempt. All attempts of a delivery are parts of the same one: the routing of its event. */
export function beginAttempt(
  tracing: Tracing,
  { method }: RoutedWebhook,
  owed: OwedDelivery,
  parent: TraceContext,
): TracedSpan {
  return tracing.begin('client', method, parent, {
    'http.request.method': method,
    'http.request.resend_count': owed.attempt > 1 ? owed.attempt - 1 : undefined,
    'tidings.tenant': owed.tenant,
    'tidings.webhook.id': owed.webhook,
    'tidings.delivery.id': owed.delivery,
    'tidings.event.id': owed.event,
    'tidings.event.type': owed.event_type,
    'tidings.attempt.number': owed.attempt,
    'tidings.attempt.trigger': owed.trigger,
  });
}

/** Ends it with what came of the attempt. */
export function endAttempt(span: TracedSpan, attempt: AttemptRecord): void {
  const { request, response, error } = attempt;
  span.note({
    ...placeOf(request.url),
    'http.response.status_code': response?.status,
    'tidings.attempt.id': attempt.id,
    'tidings.attempt.dropped': response === null && error === null ? true : undefined,
  });
  if (error) span.fail(response ? String(response.status) : error.kind, error.message);
  span.end();
}

/** Where a request went. User, password and query stay out: they may be secrets. */
function placeOf(url: string): Record<string, string | number> {
  const { protocol, origin, hostname, pathname, port } = new URL(url);
  return {
    'url.full': origin + pathname,
    'server.address': hostname,
    'server.port': port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}
