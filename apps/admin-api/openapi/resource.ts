import { applyDecorators, Controller, HttpCode, UseGuards, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { ZodType } from 'zod';
import { AccessGuard } from '../access/access-guard.js';
import { VersionedAnswers } from '../http/versioned.js';
import { IdempotencyInterceptor } from '../idempotency/idempotency.interceptor.js';
import type { ProblemCode } from '../problems/problem.js';
import { OWN_PROBLEMS } from './describe-operations.js';

/** A controller under /api/v1 that only lets in who holds a key, and whose POSTs may be repeated safely. */
export function Resource(name: string): ClassDecorator {
  return applyDecorators(
    Controller(`api/v1/${name}`),
    UseGuards(AccessGuard),
    // The inner one comes last: what is kept for a repetition has its headers already.
    UseInterceptors(IdempotencyInterceptor, VersionedAnswers),
    ApiTags(name),
    ApiBearerAuth(),
  );
}

/** Says with what an operation answers, and what its own problems are; those of its kind are added in the document. */
export function Answers(
  status: number,
  description: string,
  schema: ZodType | undefined,
  problems: ProblemCode[] = [],
): MethodDecorator {
  return applyDecorators(
    HttpCode(status),
    ApiResponse({ status, description, ...(schema ? { standardSchema: schema } : {}) }),
    ApiExtension(OWN_PROBLEMS, problems),
  );
}

/** Says with what an operation answers otherwise: the route sets the status itself then. */
export function AlsoAnswers(status: number, description: string, schema: ZodType): MethodDecorator {
  return ApiResponse({ status, description, standardSchema: schema });
}

/** Says that an operation answers with lines that are written while they are read, in one of two formats. */
export function StreamsLines(description: string, problems: ProblemCode[]): MethodDecorator {
  const content = { schema: { type: 'string' } };
  return applyDecorators(
    HttpCode(200),
    ApiResponse({
      status: 200,
      description,
      content: { 'application/x-ndjson': { ...content }, 'text/csv': { ...content } },
    }),
    ApiExtension(OWN_PROBLEMS, problems),
  );
}
