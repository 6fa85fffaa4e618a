import { applyDecorators, Controller, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiResponse, ApiTags } from '@nestjs/swagger';
import { z, type ZodType } from 'zod';
import { AccessGuard } from '../access/access-guard.js';
import { PROBLEMS, type ProblemCode } from '../problems/problem.js';

/** A controller under /api/v1 that only lets in who holds a key. */
export function Resource(name: string): ClassDecorator {
  return applyDecorators(
    Controller(`api/v1/${name}`),
    UseGuards(AccessGuard),
    ApiTags(name),
    ApiBearerAuth(),
    ApiHeader({
      name: 'Tidings-Tenant',
      required: false,
      description: 'The tenant to act for; `default` if absent.',
    }),
  );
}

/** What every operation may answer besides its own problems. */
const ALWAYS: ProblemCode[] = ['unauthenticated', 'invalid_request', 'database_unavailable', 'internal'];

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
