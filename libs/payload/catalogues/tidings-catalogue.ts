import type { JsonSchema } from '#domain';
import {
  isObject,
  type Catalogue,
  type CatalogueEntry,
  type JsonObject,
  type Unreadable,
} from './catalogue.js';

const MEMBERS = new Set(['name', 'description', 'schema', 'example', 'archived']);

/** Reads `{"event_types": [{name, description?, schema?, example?, archived?}]}`. */
export function readTidingsCatalogue(document: JsonObject): Catalogue {
  const entries: CatalogueEntry[] = [];
  const unreadable: Unreadable[] = [];
  (document.event_types as unknown[]).forEach((item, i) => {
    const read = readItem(item, i);
    if ('reason' in read) unreadable.push(read);
    else entries.push(read);
  });
  return { format: 'tidings', entries, unreadable };
}

function readItem(item: unknown, index: number): CatalogueEntry | Unreadable {
  const place = `event_types.${index}`;
  if (!isObject(item)) return { name: place, reason: 'must be an object' };
  const { name, description = '', schema = null, example = null, archived = false } = item;
  if (typeof name !== 'string') return { name: place, reason: 'must have a name' };
  const stranger = Object.keys(item).find((key) => !MEMBERS.has(key));
  if (stranger !== undefined) return { name, reason: `${stranger} is not a known field` };
  if (typeof description !== 'string') return { name, reason: 'description must be a text' };
  if (typeof archived !== 'boolean') return { name, reason: 'archived must be true or false' };
  // A schema of another kind is found out with the rest of the definition.
  return { name, definition: { description, schema: schema as JsonSchema | null, example, archived } };
}
