import { traceOf, type EventMessage, type ReadResult } from '#domain';
import type { TracedSpan, Tracing } from '#observability';

/** Begins the span of an event's routing, as part of the trace that its publisher names. */
export function beginRouting(tracing: Tracing, message: EventMessage, read: ReadResult): TracedSpan {
  const { tenant, type, stream, sequence } = message;
  return tracing.begin('consumer', 'route event', read.ok ? read.event.trace : traceOf(message), {
    'messaging.system': 'nats',
    'messaging.operation.type': 'process',
    'messaging.destination.name': stream ?? 'EVENTS',
    'messaging.message.id': String(sequence),
    'tidings.tenant': tenant,
    'tidings.event.type': read.ok ? read.event.type : type,
    'tidings.event.id': read.ok ? read.event.id : undefined,
  });
}
