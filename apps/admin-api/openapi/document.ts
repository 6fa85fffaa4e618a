import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z, type ZodType } from 'zod';
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
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: (schema, { schemaType }) => ({
      schema: jsonSchema(schema as ZodType, schemaType),
    }),
    operationIdFactory: (controller, method) => `${method}${controller.replace('Controller', '')}`,
  });
  document.components ??= {};
  document.components.schemas = {
    ...document.components.schemas,
    Problem: jsonSchema(problemSchema, 'output') as never,
  };
  return document;
}

/** Serves the document at /openapi.json and, for people, at /docs. */
export function serveOpenApi(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), { jsonDocumentUrl: 'openapi.json' });
}
