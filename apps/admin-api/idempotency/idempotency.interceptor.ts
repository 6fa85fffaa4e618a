import { createHash } from 'node:crypto';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import type { IdempotentRequest } from '#persistence';
import { callerOf, type Caller } from '../access/caller.js';
import { bodyTextOf } from '../http/json-body.js';
import { invalidRequest, type Problem } from '../problems/problem.js';
import { PROBLEM_TYPE } from '../problems/problem-filter.js';
import { problemOf } from '../problems/problem-of.js';
import { KeptAnswers, type KeptAnswer, type RunningRequest } from './kept-answers.js';

const KEY = /^[\x21-\x7e]{1,200}$/;
const JSON_TYPE = 'application/json; charset=utf-8';
/** What of the answer's head is part of the answer; the rest tells of this one request. */
const HEADERS = ['content-type', 'etag', 'location'];
/** Says nothing of the request, only of the moment. */
const TOO_MANY = 429;

/**
 * A POST with the header Idempotency-Key runs once: whoever sends it again is
 * given the first answer, byte for byte. Stands behind AccessGuard and before
 * the checks of the body, so refusals of the body are answers too.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly answers: KeptAnswers) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const key = request.headers['idempotency-key'];
    if (request.method !== 'POST' || key === undefined) return next.handle();
    if (typeof key !== 'string' || !KEY.test(key))
      throw invalidRequest([
        { path: 'Idempotency-Key', message: 'must be 1 to 200 visible ASCII characters' },
      ]);
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return from(this.once(identityOf(request, key, callerOf(request)), reply, next));
  }

  private async once(request: IdempotentRequest, reply: FastifyReply, next: CallHandler): Promise<unknown> {
    const begun = await this.answers.begin(request);
    if ('body' in begun) return given(begun, reply);
    let value: unknown;
    try {
      value = await lastValueFrom(next.handle(), { defaultValue: undefined });
    } catch (error) {
      await this.keepRefusal(begun, problemOf(error));
      throw error;
    }
    if (!reply.hasHeader('content-type')) void reply.header('content-type', JSON_TYPE);
    const body = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
    // It is done, whether or not that can be written down now.
    await begun.keep({ status: reply.statusCode, headers: headersOf(reply), body }).catch(() => undefined);
    return body;
  }

  /** Our own faults and passing ones are forgotten, for the next try may do better. */
  private async keepRefusal(running: RunningRequest, problem: Problem): Promise<void> {
    const { status } = problem;
    if (status >= 500 || status === TOO_MANY) {
      // What cannot be forgotten now is free again when its lease ends; the error itself matters more.
      await running.forget().catch(() => undefined);
      return;
    }
    await running.keep({
      status,
      headers: { 'content-type': PROBLEM_TYPE },
      body: JSON.stringify(problem.document()),
    });
  }
}

/** Another caller's request is another request: an answer may hold what only its own caller may see. */
function identityOf(request: FastifyRequest, key: string, { tenant, actor }: Caller): IdempotentRequest {
  const [path = '', query = ''] = request.url.split('?');
  const hash = createHash('sha256')
    .update(JSON.stringify([actor, query, bodyTextOf(request)]))
    .digest();
  return { tenant, key, route: `POST ${path}`, hash };
}

function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    HEADERS.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );
}

function given({ status, headers, body }: KeptAnswer, reply: FastifyReply): string {
  void reply.status(status).headers(headers).header('idempotency-replayed', 'true');
  return body;
}
