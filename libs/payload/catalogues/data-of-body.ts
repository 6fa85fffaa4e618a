import { resolvePointer } from '#domain';
import { isObject } from './catalogue.js';

/** A body with `data` and no other members than these is the one that Tidings itself sends. */
const BODY_MEMBERS = new Set(['id', 'type', 'timestamp', 'data', 'metadata']);

/**
 * The data's own schema and example, from those of what a receiver gets:
 * documents describe bodies, and the usual body is `{type, timestamp, data}`.
 */
export function dataOf(schema: unknown, example: unknown): { schema: unknown; example: unknown } {
  const shown = example ?? null;
  if (!isObject(schema) || !isObject(schema.properties)) return { schema, example: shown };
  const { properties, $defs } = schema;
  const isBody = 'data' in properties && 'type' in properties;
  if (!isBody || !Object.keys(properties).every((name) => BODY_MEMBERS.has(name)))
    return { schema, example: shown };
  let data: unknown = properties.data;
  if (isObject(data) && typeof data.$ref === 'string') data = resolvePointer(schema, data.$ref) ?? data;
  return {
    schema: isObject(data) && $defs !== undefined ? { ...data, $defs } : data,
    example: isObject(shown) && 'data' in shown ? shown.data : null,
  };
}
