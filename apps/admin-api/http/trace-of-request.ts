import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { readTraceContext, type TraceContext } from '#domain';
import type { TracedSpan, Tracing } from '#observability';

const spans = new WeakMap<FastifyRequest, TracedSpan>();

/** Makes a span of each request to the API, health and documentation apart. */
export function traceRequests(fastify: FastifyInstance, tracing: Tracing): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const { method, url, routeOptions } = request;
    if (url.startsWith('/api/')) {
      const route = routeOptions.url;
      const [path] = url.split('?', 1);
      const span = tracing.begin('server', route ? `${method} ${route}` : method, traceOfHeaders(request), {
        'http.request.method': method,
        'http.route': route,
        'url.path': path,
        'url.scheme': request.protocol,
      });
      spans.set(request, span);
    }
    done();
  });
  fastify.addHook('onResponse', (request, { statusCode }, done) => {
    const span = spans.get(request);
    span?.note({ 'http.response.status_code': statusCode });
    if (statusCode >= 500) span?.fail(String(statusCode));
    span?.end();
    done();
  });
}

/** The trace that what a request asks for belongs to: the request's span, where there is one. */
export const TraceOfRequest = createParamDecorator(
  (_data: unknown, context: ExecutionContext): TraceContext | undefined =>
    traceOfRequest(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** What is logged of a request's trace; nothing where it has none. */
export function loggedTrace(request: FastifyRequest): { trace_id?: string; span_id?: string } {
  const traceparent = traceOfRequest(request)?.traceparent;
  return traceparent ? { trace_id: traceparent.slice(3, 35), span_id: traceparent.slice(36, 52) } : {};
}

function traceOfRequest(request: FastifyRequest): TraceContext | undefined {
  return spans.get(request)?.context ?? traceOfHeaders(request);
}

function traceOfHeaders({ headers }: FastifyRequest): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string') return undefined;
  return readTraceContext(traceparent, typeof tracestate === 'string' ? tracestate : undefined);
}
