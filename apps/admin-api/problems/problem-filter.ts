import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from '#observability';
import { loggedTrace } from '../http/trace-of-request.js';
import type { Problem, ProblemCode } from './problem.js';
import { problemOf } from './problem-of.js';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Answers every error as a problem document, and logs those that are our fault. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (isHealthReport(error)) {
      void reply.status(error.getStatus()).send(error.getResponse());
      return;
    }
    const problem = problemOf(error);
    if (problem.status >= 500) {
      const request = host.switchToHttp().getRequest<FastifyRequest>();
      const { method, url: asked } = request;
      // Some put a key into the query, where it is of no use.
      const [url] = asked.split('?', 1);
      this.logger[problem.code === 'internal' ? 'error' : 'warn'](
        { err: error, request: request.id, method, url, ...loggedTrace(request) },
        problem.message,
      );
    }
    sendProblem(reply, problem);
  }
}

/** Terminus reports an app that is not ready by throwing; its report is the answer. */
function isHealthReport(error: unknown): error is HttpException {
  if (!(error instanceof HttpException)) return false;
  const report = error.getResponse();
  return typeof report === 'object' && 'details' in report && 'info' in report;
}

/** The code of the problem that a request was answered with, if it was. */
export function problemCodeOf(reply: FastifyReply): ProblemCode | undefined {
  return codes.get(reply);
}

const codes = new WeakMap<FastifyReply, ProblemCode>();

/** A problem of ours names the request, as its line in the log does. */
export function sendProblem(reply: FastifyReply, problem: Problem): void {
  const { retryAfterSeconds } = problem.details;
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
  if (problem.code === 'unauthenticated') void reply.header('www-authenticate', 'Bearer');
  codes.set(reply, problem.code);
  const ours = problem.status >= 500 ? { request_id: reply.request.id } : {};
  void reply
    .status(problem.status)
    .header('content-type', PROBLEM_TYPE)
    .send(JSON.stringify({ ...problem.document(), ...ours }));
}
