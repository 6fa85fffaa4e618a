import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z, type ZodType } from 'zod';
import { describeOperation, sharedParts } from './describe-operations.js';
import type { DescribedOperation } from './described-operation.js';
import { operationId } from './notes.js';
import { problemSchema } from './resource.js';

function jsonSchema(schema: ZodType, io: 'input' | 'output') {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io,
    unrepresentable: 'any',
  });
  return rest;
}

/** The OpenAPI 3.1 document of the API, made from the schemas that validate. */
export function openApiDocument(app: NestFastifyApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Tidings')
    .setDescription('Webhook delivery for teams whose systems speak NATS.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'A key, `tdg_<id>_<secret>`.' })
    .addServer('/', 'This Tidings')
    .addTag('webhooks', 'Who wants which events, and how they are sent')
    .addTag('tags', 'The tags of webhooks')
    .addTag('event-types', 'The catalogue of event types')
    .addTag('events', 'What happened')
    .addTag('deliveries', 'What is owed to webhooks, and every attempt')
    .addTag('keys', 'Who may call the API')
    .addTag('tenants', 'Whose all of this is')
    .addTag('Health', 'For whoever runs Tidings')
    .addTag('Metrics', 'For whoever runs Tidings')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => ({
      schema: jsonSchema(schema as ZodType, schemaType),
    }),
    operationIdFactory: operationId,
  });
  for (const [path, byMethod] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(byMethod))
      describeOperation(method, path, operation as DescribedOperation);
  const { securitySchemes } = document.components ?? {};
  document.components = {
    ...(securitySchemes ? { securitySchemes } : {}),
    ...(sharedParts as object),
    schemas: { Problem: jsonSchema(problemSchema, 'output') as never },
  };
  return document;
}

/** Serves the document at /openapi.json and, for people, at /docs. */
export function serveOpenApi(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), { jsonDocumentUrl: 'openapi.json' });
}
