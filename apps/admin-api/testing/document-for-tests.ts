import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AdminApiModule, type AdminApiParts } from '../admin-api.module.js';
import type { DescribedAnswer, DescribedOperation } from '../openapi/described-operation.js';
import { openApiDocument } from '../openapi/document.js';

/** The OpenAPI document, as far as specs look into it. */
export interface ApiDocument {
  openapi: string;
  info: object;
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, DescribedOperation>>;
  components: Record<string, Record<string, object>>;
}

/** An operation; what it takes, and what answers it has, stand in itself. */
export interface FoundOperation {
  method: string;
  path: string;
  operation: DescribedOperation & { responses: Record<string, DescribedAnswer> };
}

/** The document as the module gives it, without any server: nothing of the module is made, only looked at. */
export async function documentWithoutServers(): Promise<ApiDocument> {
  const app = await NestFactory.create<NestFastifyApplication>(
    AdminApiModule.of({ requestsPerSecond: 1 } as AdminApiParts),
    new FastifyAdapter(),
    { preview: true, logger: false, abortOnError: false },
  );
  // As it is read from a file: without what JSON leaves out.
  return JSON.parse(JSON.stringify(openApiDocument(app))) as ApiDocument;
}

export function operationsOf(document: ApiDocument): FoundOperation[] {
  return Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({
      method,
      path,
      operation: {
        ...operation,
        ...(operation.requestBody
          ? { requestBody: withoutRefs(document, operation.requestBody) as typeof operation.requestBody }
          : {}),
        responses: Object.fromEntries(
          Object.entries(operation.responses).map(([status, answer]) => [
            status,
            ('$ref' in answer ? partOf(document, answer.$ref) : answer) as DescribedAnswer,
          ]),
        ),
      },
    })),
  );
}

function partOf(document: ApiDocument, ref: string): unknown {
  const [, , kind = '', name = ''] = ref.split('/');
  return document.components[kind]?.[name];
}

function withoutRefs(document: ApiDocument, part: unknown): unknown {
  if (Array.isArray(part)) return part.map((item) => withoutRefs(document, item));
  if (typeof part !== 'object' || part === null) return part;
  const { $ref, ...rest } = part as { $ref?: unknown };
  if (typeof $ref === 'string' && $ref.startsWith('#/components/'))
    return { ...(withoutRefs(document, partOf(document, $ref)) as object), ...rest };
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, withoutRefs(document, value)]));
}
