import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { readTraceContext, type TraceContext } from '#domain';

/** The trace that a request says it belongs to; undefined without one that is valid. */
export function traceOfHeaders({ headers }: Pick<FastifyRequest, 'headers'>): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string') return undefined;
  return readTraceContext(traceparent, typeof tracestate === 'string' ? tracestate : undefined);
}

/** The trace that what a request asks for belongs to. */
export const TraceOfRequest = createParamDecorator(
  (_data: unknown, context: ExecutionContext): TraceContext | undefined =>
    traceOfHeaders(context.switchToHttp().getRequest<FastifyRequest>()),
);
