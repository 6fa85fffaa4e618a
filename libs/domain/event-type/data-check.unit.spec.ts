import { compileDataCheck, UnusableSchema } from './data-check.js';
import { SCHEMA_LIMITS, type JsonSchema } from './event-type-schema.js';

const check = (schema: JsonSchema, data: unknown) =>
  compileDataCheck(schema)(data, JSON.stringify(data).length);
const refusal = (schema: unknown): UnusableSchema => {
  try {
    compileDataCheck(schema as JsonSchema);
  } catch (error) {
    if (error instanceof UnusableSchema) return error;
    throw error;
  }
  throw new Error('The schema was taken.');
};

const order: JsonSchema = {
  type: 'object',
  required: ['id', 'lines'],
  additionalProperties: false,
  properties: {
    id: { type: 'string', pattern: '^ord_[0-9a-z]+$' },
    state: { enum: ['open', 'paid'] },
    lines: { type: 'array', minItems: 1, items: { $ref: '#/$defs/line' } },
  },
  $defs: { line: { type: 'object', properties: { amount: { type: 'number', minimum: 0 } } } },
};

describe('data checked against a schema', () => {
  it('that fits has no faults', () => {
    expect(check(order, { id: 'ord_1', state: 'open', lines: [{ amount: 1.5 }] })).toEqual([]);
  });

  it.each<[string, unknown, string, string]>([
    ['that lacks a member', { lines: [{}] }, 'data.id', 'is required'],
    ['with a member that is not known', { id: 'ord_1', lines: [{}], x: 1 }, 'data.x', 'is not a known field'],
    [
      'with the wrong type deep inside',
      { id: 'ord_1', lines: [{}, { amount: '1' }] },
      'data.lines.1.amount',
      'number',
    ],
    ['out of bounds', { id: 'ord_1', lines: [{ amount: -1 }] }, 'data.lines.0.amount', '>= 0'],
    ['of another pattern', { id: '1', lines: [{}] }, 'data.id', 'pattern'],
    ['that is none of what is listed', { id: 'ord_1', state: 'x', lines: [{}] }, 'data.state', '"open"'],
    ['that is no object', 7, 'data', 'object'],
  ])('%s is told with its path', (_title, data, path, message) => {
    const [fault] = check(order, data);
    expect(fault?.path).toBe(path);
    expect(fault?.message).toContain(message);
  });

  it('under the schemas true and false: all, or nothing', () => {
    expect(check(true, 1)).toEqual([]);
    expect(check(false, 1)).toHaveLength(1);
  });

  it('may carry notes that other tools add to schemas', () => {
    const noted = { type: 'object', example: {}, 'x-group': 1, format: 'made-up', discriminator: {} };
    expect(check(noted, {})).toEqual([]);
  });

  it('that is too large for a costly schema is refused, not checked for minutes', () => {
    const costly = { items: { allOf: Array.from({ length: 4 }, () => ({ pattern: 'x{400}' })) } };
    const [fault] = check(costly, Array<number>(20_000).fill(1));
    expect(fault?.message).toContain('may have');
  });

  it('is through at once with a pattern that makes others backtrack', () => {
    const begun = performance.now();
    check({ pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}!`);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe('a schema', () => {
  const fork = (next: string) => ({ anyOf: [{ $ref: next }, { $ref: next }] });
  const forks = Object.fromEntries(
    Array.from({ length: 20 }, (_, i) => [`d${i}`, fork(`#/$defs/d${i + 1}`)]),
  );
  let deep: object = {};
  for (let i = 0; i < 60; i++) deep = { not: deep };
  let abyss: unknown[] = [];
  for (let i = 0; i < 100_000; i++) abyss = [abyss];

  it.each<[string, unknown, string, string]>([
    ['that is no schema', 'text', 'schema', 'object or a boolean'],
    ['of another draft', { $schema: 'http://json-schema.org/draft-07/schema#' }, 'schema.$schema', '2020-12'],
    ['with a type that there is not', { type: 'text' }, 'schema.type', '"integer"'],
    ['with items as draft 7 had them', { items: [{}] }, 'schema.items', 'object,boolean'],
    ['that refers to the web', { $ref: 'https://example.com/x.json' }, 'schema.$ref', 'within the schema'],
    ['that refers to nothing', { $ref: '#/$defs/none' }, 'schema.$ref', 'within the schema'],
    [
      'that leads back to itself',
      { properties: { child: { $ref: '#' } } },
      'schema.properties.child.$ref',
      'back to itself',
    ],
    [
      'that goes round',
      { $ref: '#/$defs/a', $defs: { a: { items: { $ref: '#/$defs/a' } } } },
      'schema.$ref.items.$ref',
      'back to itself',
    ],
    ['that forks without end', { $ref: '#/$defs/d0', $defs: { ...forks, d20: {} } }, '', 'too much'],
    ['with a name of its own', { $id: 'https://example.com/a' }, 'schema.$id', 'not taken'],
    ['that answers later', { $async: true }, 'schema.$async', 'not taken'],
    ['with a pattern that cannot be bounded', { pattern: '(?=a)' }, 'schema.pattern', 'look-around'],
    [
      'with such a pattern for names',
      { patternProperties: { '(a)\\1': true } },
      'schema.patternProperties.(a)\\1',
      'back reference',
    ],
    ['that compares all items', { uniqueItems: true }, 'schema.uniqueItems', 'maxItems of 256'],
    ['that is deep', deep, '', 'deeper than 32'],
    ['that is deeper than any stack', { const: abyss }, 'schema', 'levels at most'],
    ['that is large', { description: 'x'.repeat(SCHEMA_LIMITS.bytes) }, 'schema', '65536 bytes'],
  ])('%s is refused, and the place is named', (_title, schema, path, message) => {
    const { faults } = refusal(schema);
    const found = faults.find((fault) => fault.message.includes(message));
    expect(faults.map((fault) => fault.message).join('; ')).toContain(message);
    if (path !== '') expect(found?.path).toBe(path);
  });

  it('may have a member that is called like a keyword', () => {
    const schema = { properties: { $ref: { type: 'string' }, pattern: { type: 'number' }, $id: true } };
    expect(check(schema, { $ref: 'x', pattern: 1 })).toEqual([]);
  });
});
