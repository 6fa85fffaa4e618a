import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  DocumentBuilder,
  SwaggerModule,
  type OpenAPIObject,
  type SwaggerDocumentOptions,
} from '@nestjs/swagger';
import { z, type ZodType } from 'zod';
import { describeOperation, sharedParts } from './describe-operations.js';
import type { DescribedAnswer, DescribedOperation } from './described-operation.js';
import { operationId } from './notes.js';
import { problemSchema } from './problem-answers.js';

/** The JSON Schema of a schema; those within it that have an id stand apart. */
function jsonSchema(schema: ZodType, io: 'input' | 'output') {
  const {
    $schema: _draft,
    $defs: components = {},
    ...rest
  } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return { schema: rest, components };
}

type StandardSchemaConverter = NonNullable<SwaggerDocumentOptions['standardSchemaConverter']>;

/** Turns schemas into JSON Schema. One name means one thing, whether it is taken or answered. */
function schemaConverter(): StandardSchemaConverter {
  const known = new Map<string, string>();
  return (schema, { schemaType }) => {
    const converted = jsonSchema(schema as ZodType, schemaType);
    for (const [name, component] of Object.entries(converted.components)) {
      const text = JSON.stringify(component);
      if ((known.get(name) ?? text) !== text)
        throw new Error(`Two schemas have the id ${name}, or one that is not the same for input and output.`);
      known.set(name, text);
    }
    return converted;
  };
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
    .addTag('formats', 'How requests can be written')
    .addTag('templates', 'Ready-made webhooks')
    .addTag('transforms', 'Code that changes requests')
    .addTag('event-types', 'The catalogue of event types')
    .addTag('events', 'What happened')
    .addTag('deliveries', 'What is owed to webhooks, and every attempt')
    .addTag('stats', 'How events, deliveries and attempts fared')
    .addTag('exports', 'The record as files, such as before it goes')
    .addTag('retention', 'For how long the record is kept')
    .addTag('jobs', 'Work on many deliveries, and how far it is')
    .addTag('keys', 'Who may call the API')
    .addTag('tenants', 'Whose all of this is')
    .addTag('system', 'How Tidings as a whole fares')
    .addTag('Health', 'For whoever runs Tidings')
    .addTag('Metrics', 'For whoever runs Tidings')
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    standardSchemaConverter: schemaConverter(),
    operationIdFactory: operationId,
  });
  const responses: Record<string, DescribedAnswer> = {};
  for (const [path, byMethod] of Object.entries(document.paths))
    for (const [method, operation] of Object.entries(byMethod))
      Object.assign(responses, describeOperation(method, path, operation as DescribedOperation));
  const { securitySchemes, schemas } = document.components ?? {};
  document.components = {
    ...(securitySchemes ? { securitySchemes } : {}),
    ...(sharedParts as object),
    responses,
    schemas: { Problem: jsonSchema(problemSchema, 'output').schema as never, ...schemas },
  };
  return document;
}

/** Serves the document at /openapi.json and, for people, at /docs. */
export function serveOpenApi(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', app, () => openApiDocument(app), { jsonDocumentUrl: 'openapi.json' });
}
