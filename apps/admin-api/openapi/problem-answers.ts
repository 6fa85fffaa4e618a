import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from '../problems/problem.js';
import type { DescribedAnswer, DescribedOperation } from './described-operation.js';

/** Problems carry evidence too: further members such as `limit` or `actual_version`, each explained in docs/errors.md. */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});

/** What every operation may answer besides its own problems. */
const ALWAYS: ProblemCode[] = [
  'bad_request',
  'unauthenticated',
  'forbidden',
  'tenant_not_found',
  'invalid_request',
  'too_many_attempts',
  'rate_limited',
  'database_unavailable',
  'internal',
];

/** Refused before anyone looks into a body, whether the operation has a use for one or not. */
const WITH_BODY: ProblemCode[] = ['malformed_json', 'body_too_large', 'unsupported_media_type'];
const REPEATABLE: ProblemCode[] = [
  'idempotency_in_flight',
  'idempotency_answer_unreadable',
  'idempotency_key_reused',
];

/** All problems that an operation may answer with, its own ones and those that come with its kind. */
export function problemsOf(method: string, path: string, own: readonly ProblemCode[]): ProblemCode[] {
  return [
    ...new Set([
      ...own,
      ...(path.includes('{') ? ['not_found' as const] : []),
      ...(method === 'get' ? [] : WITH_BODY),
      ...(method === 'post' ? REPEATABLE : []),
      ...ALWAYS,
    ]),
  ];
}

const ORDER = Object.keys(PROBLEMS) as ProblemCode[];

/**
 * Documents problems as answers, one for each status. Few sets of problems
 * serve all operations, so the operation only refers to them.
 * @returns the answers by their names among the document's parts
 */
export function describeProblems(
  operation: DescribedOperation,
  codes: readonly ProblemCode[],
): Record<string, DescribedAnswer> {
  const answers: Record<string, DescribedAnswer> = {};
  const inOrder = ORDER.filter((code) => codes.includes(code));
  for (const [status, ofStatus] of Map.groupBy(inOrder, (code) => PROBLEMS[code].status)) {
    const name = [status, ...ofStatus].join('.');
    answers[name] = problemAnswer(status, ofStatus);
    operation.responses[String(status)] = { $ref: `#/components/responses/${name}` };
  }
  return answers;
}

function problemAnswer(status: number, codes: ProblemCode[]): DescribedAnswer {
  const oneOfThese = { type: 'object', properties: { code: { enum: codes } } };
  const schema = { allOf: [{ $ref: '#/components/schemas/Problem' }, oneOfThese] };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
    ...(status === 429 || status === 503
      ? { headers: { 'Retry-After': { $ref: '#/components/headers/RetryAfter' } } }
      : {}),
    content: { 'application/problem+json': { schema } },
  };
}
