import { applyDecorators, Controller, UseGuards, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z, type ZodType } from 'zod';
import { AccessGuard } from '../access/access-guard.js';
import { IdempotencyInterceptor } from '../idempotency/idempotency.interceptor.js';
import { PROBLEMS, type ProblemCode } from '../problems/problem.js';

/** A controller under /api/v1 that only lets in who holds a key, and whose POSTs may be repeated safely. */
export function Resource(name: string): ClassDecorator {
  return applyDecorators(
    Controller(`api/v1/${name}`),
    UseGuards(AccessGuard),
    UseInterceptors(IdempotencyInterceptor),
    ApiTags(name),
    ApiBearerAuth(),
    ApiHeader({
      name: 'Tidings-Tenant',
      required: false,
      description: 'For operators: the tenant to act for, `default` if absent. Other keys act for their own.',
    }),
  );
}

/** What every operation may answer besides its own problems. */
const ALWAYS: ProblemCode[] = [
  'unauthenticated',
  'forbidden',
  'tenant_not_found',
  'invalid_request',
  'too_many_attempts',
  'rate_limited',
  'database_unavailable',
  'internal',
];

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** Documents an operation's answer and its problems. */
export function Answers(
  status: number,
  description: string,
  schema: ZodType | undefined,
  problems: ProblemCode[] = [],
): MethodDecorator {
  const byStatus = Map.groupBy([...problems, ...ALWAYS], (code) => PROBLEMS[code].status);
  return applyDecorators(
    ApiResponse({ status, description, ...(schema ? { standardSchema: schema } : {}) }),
    ...[...byStatus].map(([problemStatus, codes]) =>
      ApiResponse({
        status: problemStatus,
        description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      }),
    ),
  );
}

export { problemSchema };
