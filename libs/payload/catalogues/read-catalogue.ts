import { deeperThan } from '#domain';
import { readAsyncApiMessages } from './asyncapi-messages.js';
import { CatalogueError, type Catalogue, type JsonObject } from './catalogue.js';
import { readOpenApiWebhooks } from './openapi-webhooks.js';
import { readTidingsCatalogue } from './tidings-catalogue.js';

const MAX_DEPTH = 100;
const MAX_ENTRIES = 1_000;

/**
 * Reads a document that declares event types: a catalogue of Tidings' own, the
 * webhooks of an OpenAPI 3.1 document, or the messages of an AsyncAPI document.
 * @throws CatalogueError when it is none of them
 */
export function readCatalogue(document: JsonObject): Catalogue {
  if (deeperThan(document, MAX_DEPTH))
    throw new CatalogueError(`It has more than ${MAX_DEPTH} levels of lists and objects in each other.`);
  const catalogue = read(document);
  const count = catalogue.entries.length + catalogue.unreadable.length;
  if (count > MAX_ENTRIES)
    throw new CatalogueError(`It declares ${count} event types; one import takes ${MAX_ENTRIES}.`);
  const names = new Set<string>();
  for (const { name } of catalogue.entries) {
    if (names.has(name)) throw new CatalogueError(`It declares ${name} twice.`);
    names.add(name);
  }
  return catalogue;
}

function read(document: JsonObject): Catalogue {
  if (Array.isArray(document.event_types)) return readTidingsCatalogue(document);
  if ('openapi' in document) return readOpenApiWebhooks(document);
  if ('asyncapi' in document) return readAsyncApiMessages(document);
  throw new CatalogueError(
    'It must have event_types (a list), or be an OpenAPI 3.1 document with webhooks, or an AsyncAPI document.',
  );
}
