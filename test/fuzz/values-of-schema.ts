import fc from 'fast-check';
import { oddValue } from './odd-values.js';

/** JSON Schema as the API's document has it. */
export interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
}

const eventType = fc.constantFrom('order.paid', 'task.completed', 'task_created', 'a', 'a.b.c.d');
const pattern = fc.oneof(eventType, fc.constantFrom('order.*', 'order.>', '*'));
const time = fc.constantFrom(
  '2026-01-31T12:00:00Z',
  '2031-01-31T12:00:00.123+02:00',
  '2026-11-22T09:00:00.000Z',
);
const filter = fc.constantFrom(
  null,
  { 'data.total': { $gte: 100 } },
  { $or: [{ type: 'a' }, { 'metadata.x': { $exists: false } }] },
  { 'data.\u0000': 1 },
  { $not: { 'data.a': { $in: [1, 'a', null] } } },
);
const source = fc.constantFrom(
  { event_types: [{ name: 'imported.one', description: 'd' }, { name: 'no name' }] },
  { event_types: [{ name: 'imported.two', schema: { type: 'objekt' } }] },
  { openapi: '3.1.0', info: { title: 't', version: '1' }, webhooks: { 'imported.three': { post: {} } } },
  { openapi: '3.1.0', webhooks: { x: { $ref: '#/webhooks/x' } } },
  { asyncapi: '3.0.0', channels: {}, operations: {} },
  { asyncapi: '2.6.0', channels: { a: { publish: { message: { $ref: '#/components/messages/m' } } } } },
);
const jsonSchema = fc.constantFrom<unknown>(
  null,
  true,
  { type: 'object', required: ['total'], properties: { total: { type: 'number' } } },
  { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } },
  { pattern: '(a+)+$', type: 'string' },
  { $id: 'https://example.com/x', $ref: 'https://example.com/y' },
  { $dynamicRef: '#x' },
  { unevaluatedProperties: false, type: 'nonsense' },
);

/** Stands in a text for an id, which is put there when the request is sent (`withIds`). */
const someId = fc
  .tuple(fc.constantFrom('own', 'own', 'foreign'), fc.nat(1_000))
  .map(([whose, at]) => `<<${whose}:${at}>>`);

/** @param idOf the id for what a text only says whose it is */
export function withIds(text: string, idOf: (whose: 'own' | 'foreign', at: number) => string): string {
  return text.replace(/<<(own|foreign):(\d+)>>/g, (_all, whose: 'own' | 'foreign', at) =>
    idOf(whose, Number(at)),
  );
}

/** What a schema cannot say of a member, so that many requests are taken and reach what lies behind. */
const BY_NAME: Record<string, fc.Arbitrary<unknown>> = {
  name: fc.oneof(
    fc.uuid().map((id) => `n-${id}`),
    fc.uuid().map((id) => `n.${id.replaceAll('-', '_')}`),
  ),
  url: fc.constantFrom('https://example.com/hook', 'https://example.com:8443/a?b=c', 'http://127.0.0.1:9/'),
  event_types: fc.uniqueArray(pattern, { minLength: 1, maxLength: 3 }),
  event_type: eventType,
  type: eventType,
  timestamp: time,
  expires_at: time,
  since: time,
  until: time,
  filter,
  source,
  schema: jsonSchema,
  archived: fc.boolean(),
  secret: fc.constantFrom('whsec_' + 'QUJD'.repeat(10), 'whsec_'),
  limit: fc.integer({ min: 1, max: 250 }).map(String),
  status_code: fc.integer({ min: 100, max: 599 }).map(String),
  id: fc.uuid(),
  ids: fc.array(someId, { minLength: 1, maxLength: 4 }),
  webhook_id: someId,
  event_id: someId,
};

/** Values that fit a schema, and mostly what the API asks beyond it. */
export function valuesOf(schema: Schema, name = ''): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  const known = Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
  return known
    ? fc.oneof({ weight: 9, arbitrary: known }, { weight: 1, arbitrary: plain(schema) })
    : plain(schema);
}

function plain(schema: Schema): fc.Arbitrary<unknown> {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => valuesOf(choice)));
  switch (schema.type ?? 'any') {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.maxSafeInteger().map((n) => within(schema, n));
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => within(schema, n));
    case 'string':
      return fc.string({
        unit: 'grapheme',
        minLength: schema.minLength ?? 0,
        maxLength: Math.max(schema.minLength ?? 0, Math.min(schema.maxLength ?? 20, 20)),
      });
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, 3),
      });
    case 'object':
      return objectOf(schema);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function within({ minimum = -1e6, maximum = 1e6 }: Schema, n: number): number {
  return minimum + (Math.abs(n) % (maximum - minimum + 1));
}

function objectOf({ properties, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  if (properties === undefined) {
    const members = typeof additionalProperties === 'object' ? additionalProperties : {};
    return fc.dictionary(fc.string({ maxLength: 12 }), valuesOf(members), { maxKeys: 3 });
  }
  const arbitraries = Object.fromEntries(
    Object.entries(properties).map(([key, member]) => [key, valuesOf(member, key)]),
  );
  return fc.record(arbitraries, { requiredKeys: required });
}

/** Values that fit but for one or two places, where something odd stands, or something is missing. */
export function brokenValuesOf(schema: Schema): fc.Arbitrary<unknown> {
  const place = fc.tuple(fc.array(fc.nat(20), { minLength: 1, maxLength: 3 }), fc.nat(4), oddValue);
  return fc
    .tuple(valuesOf(schema), fc.array(place, { minLength: 1, maxLength: 2 }))
    .map(([value, places]) =>
      places.reduce((broken, [path, way, odd]) => breakAt(broken, path, way, odd), value),
    );
}

function breakAt(value: unknown, [step, ...rest]: number[], way: number, odd: unknown): unknown {
  if (step === undefined || typeof value !== 'object' || value === null) return odd;
  const keys = Object.keys(value);
  const key = keys[step % Math.max(1, keys.length)];
  if (way === 0) return { ...value, ['unknown field']: odd };
  if (key === undefined) return odd;
  if (way === 1) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  const changed = breakAt((value as Record<string, unknown>)[key], rest, way, odd);
  return Array.isArray(value)
    ? (value as unknown[]).map((item, index) => (String(index) === key ? changed : item))
    : { ...value, [key]: changed };
}
