import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { AdminApiModule, type AdminApiParts } from '../admin-api.module.js';
import type { DescribedOperation } from '../openapi/described-operation.js';
import { openApiDocument } from '../openapi/document.js';

/** The OpenAPI document, as far as specs look into it. */
export interface ApiDocument {
  openapi: string;
  info: object;
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, DescribedOperation>>;
  components: Record<string, Record<string, object>>;
}

export interface FoundOperation {
  method: string;
  path: string;
  operation: DescribedOperation;
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
    Object.entries(byMethod).map(([method, operation]) => ({ path, method, operation })),
  );
}
