import type { ProblemCode } from '../problems/problem.js';
import type { DescribedAnswer, DescribedOperation, DescribedParameter } from './described-operation.js';
import { noteOf, pathExample } from './notes.js';
import { describeProblems, problemsOf } from './problem-answers.js';

/** Under this key the decorator `Answers` leaves an operation's own problems for the description. */
export const OWN_PROBLEMS = 'x-problems';

const MERGE_PATCH = 'application/merge-patch+json';

/** Parts that many operations refer to. */
export const sharedParts = {
  headers: {
    ETag: {
      description: 'The version of the resource, for `If-Match`.',
      schema: { type: 'string' },
      example: '"3"',
    },
    RetryAfter: {
      description: 'Seconds after which asking again makes sense.',
      schema: { type: 'integer' },
      example: 2,
    },
  },
  parameters: {
    TidingsTenant: {
      name: 'Tidings-Tenant',
      in: 'header',
      required: false,
      description: 'For operators: the tenant to act for, `default` if absent. Other keys act for their own.',
      schema: { type: 'string' },
      example: 'acme',
    },
    IfMatch: {
      name: 'If-Match',
      in: 'header',
      required: false,
      description: 'The ETag of what you have read: if the resource has changed since, nothing is done.',
      schema: { type: 'string' },
      example: '"3"',
    },
    IdempotencyKey: {
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'The same request sent again with the same key is given the first answer, for 24 hours.',
      schema: { type: 'string', minLength: 1, maxLength: 200, pattern: '^[\\x21-\\x7e]+$' },
      example: '5f0c1b9e-order-4711',
    },
  },
};

/**
 * Says of an operation what follows from its note and its kind: summary,
 * examples, the headers that it understands, and every problem that it may
 * answer with. Changes the operation.
 * @returns the answers that it refers to, by name
 */
export function describeOperation(
  method: string,
  path: string,
  operation: DescribedOperation,
): Record<string, DescribedAnswer> {
  const note = noteOf(operation.operationId);
  if (note) operation.summary = note.summary;
  if (!path.startsWith('/api/v1/')) return {};
  const own = (operation[OWN_PROBLEMS] ?? []) as ProblemCode[];
  delete operation[OWN_PROBLEMS];
  for (const parameter of operation.parameters ?? []) describeParameter(path, parameter);
  describeHeaders(method, operation, own.includes('version_conflict'));
  const body = operation.requestBody?.content['application/json'];
  if (body) {
    body.example = note?.body;
    if (method === 'patch' && operation.requestBody)
      operation.requestBody.content = { [MERGE_PATCH]: body, 'application/json': body };
    if (note?.yaml && operation.requestBody)
      operation.requestBody.content['application/yaml'] = { schema: { type: 'object' }, example: note.yaml };
  }
  for (const [status, answer] of Object.entries(operation.responses) as [string, DescribedAnswer][]) {
    if (note?.versioned) answer.headers = { ETag: { $ref: '#/components/headers/ETag' } };
    const example = note?.alsoAnswers?.[Number(status)] ?? note?.answer;
    for (const [type, content] of Object.entries(answer.content ?? {}))
      content.example = note?.answersByType?.[type] ?? example;
  }
  return describeProblems(operation, problemsOf(method, path, own));
}

/** What stands in the schema of a query, or for a path in the notes, is shown in one place. */
function describeParameter(path: string, parameter: DescribedParameter): void {
  if (parameter.in === 'path') parameter.example = pathExample(path, parameter.name ?? '');
  if (parameter.in !== 'query' || !parameter.schema) return;
  const { example, description: _shownAlready, ...schema } = parameter.schema;
  Object.assign(parameter, { schema, example });
}

function describeHeaders(method: string, operation: DescribedOperation, versioned: boolean): void {
  const understood = ['TidingsTenant'];
  if (versioned) understood.push('IfMatch');
  if (method === 'post') understood.push('IdempotencyKey');
  const headers = understood.map((name) => ({ $ref: `#/components/parameters/${name}` }));
  operation.parameters = [...(operation.parameters ?? []), ...headers];
}
