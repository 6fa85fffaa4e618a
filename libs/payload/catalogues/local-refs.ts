import { resolvePointer } from '#domain';
import { isObject, type JsonObject } from './catalogue.js';

const HOPS = 10;
/** Under these keywords members are names that people chose, and their values are schemas. */
const BY_NAME = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
/** Values of these are data, in which `$ref` is a member like any other. */
const DATA = new Set(['const', 'enum', 'default', 'example', 'examples']);

/** What a value of the document is, when it may be a reference such as `{"$ref": "#/components/messages/paid"}`. */
export function dereferenced(document: JsonObject, value: unknown): unknown {
  let found = value;
  for (let hop = 0; hop < HOPS && isObject(found) && typeof found.$ref === 'string'; hop++)
    found = resolvePointer(document, found.$ref);
  return found;
}

/**
 * A schema of a larger document as one that stands alone: what it refers to
 * in the document goes along under `$defs`. References that lead elsewhere stay,
 * and are found out when the schema is looked over.
 */
export function standalone(document: JsonObject, schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const bundle = new Bundle(document);
  const root = dereferenced(document, schema);
  const copy = bundle.copy(isObject(root) ? root : schema);
  return bundle.definitions.size === 0 || !isObject(copy)
    ? copy
    : {
        ...copy,
        $defs: { ...(isObject(copy.$defs) ? copy.$defs : {}), ...Object.fromEntries(bundle.definitions) },
      };
}

class Bundle {
  readonly definitions = new Map<string, unknown>();
  private readonly names = new Map<string, string>();

  constructor(private readonly document: JsonObject) {}

  /** @param named whether the members are names, not keywords */
  copy(value: unknown, named = false): unknown {
    if (Array.isArray(value)) return value.map((item) => this.copy(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (named) return [key, this.copy(inner)];
        if (key === '$ref' && typeof inner === 'string') return [key, this.referTo(inner)];
        return [key, DATA.has(key) ? inner : this.copy(inner, BY_NAME.has(key))];
      }),
    );
  }

  private referTo(ref: string): string {
    const known = this.names.get(ref);
    if (known !== undefined) return `#/$defs/${known}`;
    const target = resolvePointer(this.document, ref);
    if (target === undefined) return ref;
    const plain = (ref.split('/').at(-1) ?? '').replace(/[^\w.-]/g, '_') || 'root';
    let name = plain;
    for (let i = 2; this.definitions.has(name); i++) name = `${plain}_${i}`;
    this.names.set(ref, name);
    // Its place is taken before it is copied, for it may refer to itself.
    this.definitions.set(name, undefined);
    this.definitions.set(name, this.copy(target));
    return `#/$defs/${name}`;
  }
}
