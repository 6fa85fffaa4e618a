import type { Fault } from '../fault.js';
import { LinearPattern, PatternError } from './linear-pattern.js';

/** A JSON Schema, draft 2020-12, as `JSON.parse` gives it. */
export type JsonSchema = boolean | { [keyword: string]: unknown };

export const SCHEMA_LIMITS = {
  /** Of the schema's JSON text. */
  bytes: 65_536,
  /** Schemas within schemas, every `$ref` followed. */
  depth: 32,
  /** What a value can cost at most: schemas, listed values and steps of patterns, every `$ref` followed. */
  cost: 2_000,
  /** `uniqueItems` compares each item with each other one. */
  unique_items: 256,
} as const;

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** Where a keyword holds schemas: by name, in a list, or one. All else is data, or a plain setting. */
const BY_NAME = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);
const LISTS = new Set(['allOf', 'anyOf', 'oneOf', 'prefixItems']);
const SINGLE = new Set(
  'items additionalProperties not if then else contains propertyNames unevaluatedItems unevaluatedProperties'.split(
    ' ',
  ),
);
/** They name places outside the schema or change with the way taken to them; `$async` makes the check a promise. */
const REFUSED = new Set(['$id', '$anchor', '$dynamicRef', '$dynamicAnchor', '$recursiveRef', '$async']);

/** What a look at a schema brought. */
export interface SchemaSurvey {
  faults: Fault[];
  /** See SCHEMA_LIMITS.cost. */
  cost: number;
}

/**
 * Looks a schema over before anything is made of it: that it refers to itself
 * only, in no circle, and that checking a value against it takes time in
 * proportion to the value, whatever that holds.
 * @param path what stands before the paths of faults
 */
export function surveySchema(schema: unknown, path = 'schema'): SchemaSurvey {
  if (typeof schema === 'boolean') return { faults: [], cost: 1 };
  if (!isObject(schema)) return { faults: [{ path, message: 'must be an object or a boolean' }], cost: 0 };
  const bytes = deeperThan(schema, 2 * SCHEMA_LIMITS.depth) ? Infinity : JSON.stringify(schema).length;
  if (bytes > SCHEMA_LIMITS.bytes) {
    const message = `must have ${SCHEMA_LIMITS.bytes} bytes and ${2 * SCHEMA_LIMITS.depth} levels at most`;
    return { faults: [{ path, message }], cost: 0 };
  }
  if (schema.$schema !== undefined && schema.$schema !== DIALECT && schema.$schema !== `${DIALECT}#`)
    return { faults: [{ path: `${path}.$schema`, message: `must be ${DIALECT}` }], cost: 0 };
  const survey = new Survey(schema);
  survey.visit(schema, path, []);
  return { faults: survey.faults, cost: survey.cost };
}

/** Whether lists and objects stand in each other more than so many levels deep. Safe for any depth. */
export function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => deeperThan(inner, levels - 1));
}

/**
 * The place that a reference such as `#/$defs/name` names.
 * @returns undefined when there is nothing, or the reference leaves the document
 */
export function resolvePointer(root: unknown, ref: string): unknown {
  if (ref !== '#' && !ref.startsWith('#/')) return undefined;
  let found: unknown = root;
  for (const part of ref.split('/').slice(1)) {
    let key: string;
    try {
      key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
    } catch {
      return undefined;
    }
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

class Survey {
  readonly faults: Fault[] = [];
  cost = 0;

  constructor(private readonly root: JsonSchema) {}

  /** @param within the references that led here, none of which may come again */
  visit(schema: unknown, path: string, within: string[], depth = 0): void {
    this.cost++;
    if (!isObject(schema) || this.isTooMuch(path, depth)) return;
    for (const [keyword, value] of Object.entries(schema)) {
      const at = `${path}.${keyword}`;
      if (REFUSED.has(keyword)) this.fault(at, 'is not taken; refer with $ref to a place within the schema');
      else if (keyword === '$ref') this.follow(value, at, within, depth);
      else if (keyword === 'pattern') this.pattern(value, at);
      else if (keyword === 'uniqueItems') this.uniqueItems(schema, at);
      else if (keyword === 'enum' || keyword === 'const') this.cost += JSON.stringify(value).length >> 3;
      else if (SINGLE.has(keyword)) this.visit(value, at, within, depth + 1);
      else if (LISTS.has(keyword) || BY_NAME.has(keyword)) {
        if (typeof value !== 'object' || value === null) continue;
        for (const [name, inner] of Object.entries(value)) {
          if (keyword === 'patternProperties') this.pattern(name, `${at}.${name}`);
          this.visit(inner, `${at}.${name}`, within, depth + 1);
        }
      }
    }
  }

  private isTooMuch(path: string, depth: number): boolean {
    if (depth > SCHEMA_LIMITS.depth) {
      this.fault(path, `is deeper than ${SCHEMA_LIMITS.depth} schemas within schemas`);
      return true;
    }
    if (this.cost <= SCHEMA_LIMITS.cost) return false;
    if (!this.faults.some((fault) => fault.message.startsWith('asks for too much')))
      this.fault(
        path,
        `asks for too much: with all that comes before it more than ${SCHEMA_LIMITS.cost} checks`,
      );
    return true;
  }

  private follow(ref: unknown, at: string, within: string[], depth: number): void {
    const target = typeof ref === 'string' ? resolvePointer(this.root, ref) : undefined;
    if (typeof ref !== 'string' || target === undefined)
      this.fault(at, 'must name a place within the schema, such as #/$defs/address');
    // Going round, or two ways at each of many forks, would make the time grow with more than the value.
    else if (within.includes(ref) || target === this.root)
      this.fault(at, 'leads back to itself, which is not taken');
    else this.visit(target, at, [...within, ref], depth + 1);
  }

  private pattern(pattern: unknown, at: string): void {
    try {
      this.cost += new LinearPattern(String(pattern)).cost;
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      this.fault(at, error.message);
    }
  }

  private uniqueItems({ uniqueItems, maxItems }: Record<string, unknown>, at: string): void {
    if (uniqueItems !== true) return;
    if (typeof maxItems === 'number' && maxItems <= SCHEMA_LIMITS.unique_items) this.cost += maxItems;
    else this.fault(at, `needs a maxItems of ${SCHEMA_LIMITS.unique_items} or less beside it`);
  }

  private fault(path: string, message: string): void {
    this.faults.push({ path, message });
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
