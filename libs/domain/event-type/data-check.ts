import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import type { Fault } from '../fault.js';
import { surveySchema, type JsonSchema } from './event-type-schema.js';
import { LinearPattern } from './linear-pattern.js';

/** Checks the data of events against the schema of their type, compiled once. */
export interface DataCheck {
  /**
   * @param data what JSON.parse gives
   * @param length of its JSON text, characters
   * @returns what is wrong, none when the data fits
   */
  (data: unknown, length: number): Fault[];
}

/** Bounds the time that one check takes: characters of the data times the cost of the schema. */
const MAX_WORK = 50_000_000;

const linearPatterns = Object.assign((pattern: string) => new LinearPattern(pattern), {
  code: 'linearPattern',
});

const ajv = new Ajv2020({
  // Keywords that OpenAPI and AsyncAPI add are no faults; formats are notes, as the draft has it.
  strict: false,
  validateFormats: false,
  // The first fault ends the check: a value could be made to have millions.
  allErrors: false,
  inlineRefs: false,
  logger: false,
  code: { regExp: linearPatterns },
});

/** A schema that nothing can be checked against; the faults say where and why. */
export class UnusableSchema extends Error {
  override readonly name = 'UnusableSchema';
  constructor(readonly faults: Fault[]) {
    super(faults.map((fault) => `${fault.path}: ${fault.message}`).join('; '));
  }
}

/**
 * Makes the check of a schema. Costs milliseconds, so it is made once for each version of an event type.
 * @throws UnusableSchema
 */
export function compileDataCheck(schema: JsonSchema): DataCheck {
  const { faults, cost } = surveySchema(schema);
  if (faults.length > 0) throw new UnusableSchema(faults);
  // Ajv remembers schemas by their object; this one is told to forget.
  const validate = compile(structuredClone(schema));
  return (data, length) => {
    if (length * cost > MAX_WORK) {
      const message = `has ${length} characters, but may have ${Math.floor(MAX_WORK / cost)} under a schema of so many checks`;
      return [{ path: 'data', message }];
    }
    if (validate(data)) return [];
    return faultsOf(validate.errors);
  };
}

function compile(schema: JsonSchema) {
  try {
    if (ajv.validateSchema(schema) !== true) throw new UnusableSchema(faultsOf(ajv.errors).map(inSchema));
    return ajv.compile(schema);
  } catch (error) {
    if (error instanceof UnusableSchema) throw error;
    const message = error instanceof RangeError ? 'is too intricate' : (error as Error).message;
    throw new UnusableSchema([{ path: 'schema', message }]);
  } finally {
    if (typeof schema === 'object') ajv.removeSchema(schema);
  }
}

function inSchema({ path, message }: Fault): Fault {
  return { path: path.replace(/^data/, 'schema'), message };
}

/** One fault for each place: what each branch of an `anyOf` has to say of it is joined. */
function faultsOf(errors: ErrorObject[] | null | undefined): Fault[] {
  const messages = new Map<string, string>();
  for (const error of errors ?? []) {
    const { path, message } = faultOf(error);
    const before = messages.get(path);
    if (before === undefined) messages.set(path, message);
    else if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf')
      messages.set(path, `${before}, or ${message}`);
  }
  return [...messages].map(([path, message]) => ({ path, message }));
}

/** Paths name the member at fault, the missing and the unknown ones too. */
function faultOf({ instancePath, keyword, params, message = 'does not fit' }: ErrorObject): Fault {
  const parts = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const { missingProperty, additionalProperty, unevaluatedProperty } = params as Record<string, unknown>;
  const missing = keyword === 'required' ? missingProperty : undefined;
  const unknown = additionalProperty ?? unevaluatedProperty;
  const named = missing ?? unknown;
  const path = ['data', ...parts, ...(typeof named === 'string' ? [named] : [])].join('.');
  if (missing !== undefined) return { path, message: 'is required' };
  if (unknown !== undefined) return { path, message: 'is not a known field' };
  if (keyword === 'enum') {
    const { allowedValues } = params as { allowedValues: unknown[] };
    return { path, message: `must be one of ${JSON.stringify(allowedValues)}` };
  }
  return { path, message };
}
