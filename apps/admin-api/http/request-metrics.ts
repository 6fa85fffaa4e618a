import type { FastifyInstance } from 'fastify';
import { Counter, Histogram, type Registry } from 'prom-client';
import { problemCodeOf } from '../problems/problem-filter.js';

/** What nobody serves has no route; its path is the caller's, and there is no end of those. */
const NO_ROUTE = 'none';
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Answers that go on for as long as somebody listens. */
const STREAM = /^text\/event-stream/;

/** Counts requests by their route, which has places in it such as `:id`, and never by their path. */
export function countRequests(fastify: FastifyInstance, registry: Registry): void {
  const registers = [registry];
  const requests = new Counter({
    name: 'tidings_http_requests_total',
    help: 'Requests to the API, by method, route (`none` for what nobody serves) and status.',
    labelNames: ['method', 'route', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'tidings_http_request_duration_seconds',
    help: 'From the first byte of a request until its answer was sent, by method and route; streams of events apart.',
    labelNames: ['method', 'route'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers,
  });
  const problems = new Counter({
    name: 'tidings_http_problems_total',
    help: 'Problems that the API answered with, by their code: `rate_limited`, `unauthenticated` (no valid key) and so on; docs/errors.md explains them.',
    labelNames: ['code'],
    registers,
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const method = METHODS.has(request.method) ? request.method : 'other';
    const route = request.routeOptions.url ?? NO_ROUTE;
    requests.inc({ method, route, status: String(reply.statusCode) });
    if (!STREAM.test(String(reply.getHeader('content-type') ?? '')))
      duration.observe({ method, route }, reply.elapsedTime / 1_000);
    const code = problemCodeOf(reply);
    if (code) problems.inc({ code });
    done();
  });
}
