import fc from 'fast-check';
import { compileFilter } from './compile-filter.js';
import { firstFailure, passes } from './filter.js';

type Json = Record<string, unknown>;

/** The meaning of a filter written down as plainly as can be, to hold the real one to. */
function naive(filter: Json, event: Json): boolean {
  return Object.entries(filter).every(([key, wanted]) => {
    if (key === '$and') return (wanted as Json[]).every((each) => naive(each, event));
    if (key === '$or') return (wanted as Json[]).some((each) => naive(each, event));
    if (key === '$not') return !naive(wanted as Json, event);
    const values = key.split('.').reduce<unknown[]>(
      (at, name) =>
        at.flatMap((value) => {
          if (value === null || typeof value !== 'object') return [];
          if (Array.isArray(value) && String(Number(name)) !== name) return [];
          return Object.entries(value)
            .filter(([own]) => own === name)
            .map(([, member]): unknown => member);
        }),
      [event],
    );
    const tests = wanted !== null && typeof wanted === 'object' ? (wanted as Json) : { $eq: wanted };
    return Object.entries(tests).every(([operator, operand]) => {
      const absent = values.length === 0;
      const [value] = values;
      const ordered = !absent && typeof value === typeof operand;
      const list = operand as unknown[];
      switch (operator) {
        case '$eq':
          return !absent && value === operand;
        case '$ne':
          return absent || value !== operand;
        case '$in':
          return !absent && list.some((each) => each === value);
        case '$nin':
          return absent || !list.some((each) => each === value);
        case '$exists':
          return absent !== operand;
        case '$gt':
          return ordered && (value as number) > (operand as number);
        case '$gte':
          return ordered && (value as number) >= (operand as number);
        case '$lt':
          return ordered && (value as number) < (operand as number);
        case '$lte':
          return ordered && (value as number) <= (operand as number);
        case '$prefix':
          return typeof value === 'string' && value.slice(0, (operand as string).length) === operand;
        case '$suffix':
          return typeof value === 'string' && value.endsWith(operand as string);
        default:
          if (Array.isArray(value)) return value.some((each) => each === operand);
          return typeof value === 'string' && typeof operand === 'string' && value.includes(operand);
      }
    });
  });
}

const text = fc.constantFrom('', 'a', 'ab', 'b', '1', '__proto__');
const scalar = fc.oneof(text, fc.integer({ min: -2, max: 2 }), fc.boolean(), fc.constant(null));
const member = fc.constantFrom('a', 'b', '0', '1', 'length', '__proto__', 'constructor');
const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(member, tie('value')), { maxLength: 4 }).map(ownMembers),
  ),
}));
const event = fc.record({ type: text, data: json, metadata: json });

/** An object with these members as JSON.parse makes it: `__proto__` is a member like others. */
function ownMembers(entries: [string, unknown][]): object {
  const object = {};
  for (const [key, value] of entries)
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  return object;
}

const path = fc.oneof(
  fc.constant('type'),
  fc
    .tuple(fc.constantFrom('data', 'metadata'), fc.array(member, { maxLength: 3 }))
    .map(([root, rest]) => [root, ...rest].join('.')),
);
const ordered = fc.oneof(text, fc.integer({ min: -2, max: 2 }));
const test = fc.oneof(
  scalar,
  fc
    .record(
      {
        $eq: scalar,
        $ne: scalar,
        $gt: ordered,
        $gte: ordered,
        $lt: ordered,
        $lte: ordered,
        $in: fc.array(scalar, { minLength: 1, maxLength: 3 }),
        $nin: fc.array(scalar, { minLength: 1, maxLength: 3 }),
        $exists: fc.boolean(),
        $prefix: text,
        $suffix: text,
        $contains: scalar,
      },
      { requiredKeys: [] },
    )
    // At most three, so that no filter gets more conditions than one may have.
    .map((tests) => Object.fromEntries(Object.entries(tests).slice(0, 3)))
    .filter((tests) => Object.keys(tests).length > 0),
);
const { filter } = fc.letrec<{ filter: Json }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.dictionary(path, test, { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
    fc.record({ $and: fc.array(tie('filter'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ $or: fc.array(tie('filter'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ $not: tie('filter') }),
  ),
}));

describe('filters', () => {
  it('mean what the plain reference says, for any filter and event', () => {
    fc.assert(
      fc.property(filter, event, (wanted, happened) => {
        const compiled = compileFilter(wanted);
        if (!compiled.ok) throw new Error(JSON.stringify(compiled.faults));
        const expected = naive(wanted, happened);
        expect(passes(compiled.condition, happened)).toBe(expected);
        expect(firstFailure(compiled.condition, happened) === undefined).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that are any JSON at all are read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (anything) => {
        expect(typeof compileFilter(anything).ok).toBe('boolean');
      }),
      { numRuns: 500 },
    );
  });
});
