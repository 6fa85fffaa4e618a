import type { JsonSchema } from '#domain';
import {
  CatalogueError,
  firstText,
  isObject,
  type Catalogue,
  type CatalogueEntry,
  type JsonObject,
  type Unreadable,
} from './catalogue.js';
import { dataOf } from './data-of-body.js';
import { dereferenced, standalone } from './local-refs.js';

/**
 * Reads the section `webhooks` of an OpenAPI 3.1 document: the key names the
 * event type, the body of its POST is the data. `deprecated` means archived.
 * @throws CatalogueError
 */
export function readOpenApiWebhooks(document: JsonObject): Catalogue {
  if (!firstText(document.openapi).startsWith('3.1'))
    throw new CatalogueError(
      `It is an OpenAPI document of version ${firstText(document.openapi) || 'unknown'}; webhooks came with 3.1.`,
    );
  if (!isObject(document.webhooks))
    throw new CatalogueError('It is an OpenAPI document without the section `webhooks`.');
  const entries: CatalogueEntry[] = [];
  const unreadable: Unreadable[] = [];
  for (const [name, item] of Object.entries(document.webhooks)) {
    const path = dereferenced(document, item);
    const operation = isObject(path) ? (path.post ?? path.put) : undefined;
    if (!isObject(operation)) unreadable.push({ name, reason: 'has neither a post nor a put' });
    else entries.push({ name, definition: definitionOf(document, operation) });
  }
  return { format: 'openapi', entries, unreadable };
}

function definitionOf(document: JsonObject, operation: JsonObject): CatalogueEntry['definition'] {
  const body = dereferenced(document, operation.requestBody);
  const content = isObject(body) && isObject(body.content) ? body.content : {};
  const json = Object.entries(content).find(([type]) => /[/+]json\b/.test(type))?.[1];
  const media = isObject(json) ? json : {};
  const { schema, example } = dataOf(
    media.schema === undefined ? null : standalone(document, media.schema),
    media.example ?? firstExample(document, media.examples),
  );
  return {
    description: firstText(operation.description, operation.summary, isObject(body) ? body.description : ''),
    schema: schema as JsonSchema | null,
    example,
    archived: operation.deprecated === true,
  };
}

function firstExample(document: JsonObject, examples: unknown): unknown {
  const first = isObject(examples) ? dereferenced(document, Object.values(examples)[0]) : undefined;
  return isObject(first) ? (first.value ?? null) : null;
}
