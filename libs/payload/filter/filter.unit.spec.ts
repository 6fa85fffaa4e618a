import { compileFilter } from './compile-filter.js';
import { firstFailure, passes } from './filter.js';

const event = {
  type: 'task.completed',
  data: JSON.parse(
    `{"priority":"high","total":100,"paid":true,"note":null,"tags":["a","b",3,null],"items":[{"sku":"x1"}],
      "constructor":"own","nested":{"deep":{"er":1}},"empty":""}`,
  ) as unknown,
  metadata: { region: 'eu' },
};

const compiled = (filter: unknown) => {
  const result = compileFilter(filter);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.condition;
};
const faultsOf = (filter: unknown) => {
  const result = compileFilter(filter);
  return result.ok ? [] : result.faults;
};

describe('a filter', () => {
  it.each<[object, boolean]>([
    [{ 'data.priority': 'high' }, true],
    [{ 'data.priority': 'low' }, false],
    [{ type: 'task.completed' }, true],
    [{ 'metadata.region': { $in: ['eu', 'us'] } }, true],
    [{ 'data.note': null }, true],
    [{ 'data.absent': null }, false],
    [{ 'data.total': 100 }, true],
    [{ 'data.total': '100' }, false],
    [{ 'data.paid': 1 }, false],
    [{ 'data.total': { $gte: 100, $lt: 101 } }, true],
    [{ 'data.total': { $gt: 100 } }, false],
    [{ 'data.total': { $lte: 99.5 } }, false],
    [{ 'data.total': { $gt: '1' } }, false],
    [{ 'data.priority': { $gt: 'a', $lt: 'i' } }, true],
    [{ 'data.priority': { $gt: 1 } }, false],
    [{ 'data.paid': { $gte: 0 } }, false],
    [{ 'data.priority': { $prefix: 'hi' } }, true],
    [{ 'data.priority': { $suffix: 'gh' } }, true],
    [{ 'data.total': { $prefix: '1' } }, false],
    [{ 'data.priority': { $contains: 'ig' } }, true],
    [{ 'data.empty': { $contains: '' } }, true],
    [{ 'data.tags': { $contains: 'b' } }, true],
    [{ 'data.tags': { $contains: null } }, true],
    [{ 'data.tags': { $contains: '3' } }, false],
    [{ 'data.total': { $contains: 1 } }, false],
    [{ 'data.tags': 'a' }, false],
    [{ 'data.items.0.sku': 'x1' }, true],
    [{ 'data.items.1.sku': { $exists: false } }, true],
    [{ 'data.nested.deep.er': 1 }, true],
    [{ data: { $exists: true } }, true],
    [{ 'data.note': { $exists: true } }, true],
    [{ 'data.priority': { $in: ['low'] } }, false],
    [{ 'data.priority': { $nin: ['low'] } }, true],
    [{ 'data.priority': { $ne: 'high' } }, false],
    [{ $or: [{ 'data.priority': 'low' }, { 'data.total': 100 }] }, true],
    [{ $and: [{ 'data.priority': 'high' }, { 'data.total': 1 }] }, false],
    [{ $not: { 'data.priority': 'low' } }, true],
    [{ $not: { 'data.absent': 1 } }, true],
    [{ 'data.priority': 'high', 'data.total': 1 }, false],
  ])('%j: %s', (filter, expected) => {
    expect(passes(compiled(filter), event)).toBe(expected);
  });

  it.each<[object, boolean]>([
    [{ $exists: false }, true],
    [{ $ne: 1 }, true],
    [{ $nin: [1, null] }, true],
    [{ $exists: true }, false],
    [{ $eq: null }, false],
    [{ $in: [null] }, false],
    [{ $gt: 0 }, false],
    [{ $gte: '' }, false],
    [{ $lt: 9 }, false],
    [{ $lte: '' }, false],
    [{ $prefix: '' }, false],
    [{ $suffix: '' }, false],
    [{ $contains: '' }, false],
  ])('at an absent path, %j: %s', (test, expected) => {
    expect(passes(compiled({ 'data.absent.path': test }), event)).toBe(expected);
  });

  it.each(['data.__proto__', 'data.toString', 'data.tags.length', 'data.priority.length', 'data.priority.0'])(
    'sees nothing at %s, which the publisher did not write',
    (path) => {
      expect(passes(compiled({ [path]: { $exists: false } }), event)).toBe(true);
    },
  );

  it('sees members of any name that the publisher did write', () => {
    expect(passes(compiled({ 'data.constructor': 'own' }), event)).toBe(true);
    const odd = { type: 'a', data: JSON.parse('{"__proto__":{"admin":true}}') as unknown, metadata: null };
    expect(passes(compiled({ 'data.__proto__.admin': true }), odd)).toBe(true);
    expect(passes(compiled({ 'data.admin': true }), odd)).toBe(false);
  });

  it.each<[object, string | undefined]>([
    [{ 'data.priority': 'high' }, undefined],
    [{ 'data.priority': 'high', 'data.total': { $gte: 1, $lt: 5 } }, 'data.total.$lt'],
    [{ 'data.priority': 'low' }, 'data.priority'],
    [{ $or: [{ 'data.total': 1 }, { 'data.total': 2 }] }, '$or'],
    [{ $and: [{ 'data.total': 100 }, { 'data.total': 2 }] }, '$and.1.data.total'],
    [{ $not: { 'data.total': 100 } }, '$not'],
  ])('%j names the first condition that fails: %s', (filter, at) => {
    expect(firstFailure(compiled(filter), event)).toBe(at);
  });
});

describe('a filter that is none', () => {
  const deep = (levels: number): object => (levels === 0 ? { type: 'a' } : { $not: deep(levels - 1) });
  it.each<[string, unknown, string]>([
    ['nothing', {}, ''],
    ['a list', [], ''],
    ['a text', 'data.a', ''],
    ['a path of another root', { 'id.x': 1 }, 'id.x'],
    ['a path into the prototype', { __proto__x: 1 }, '__proto__x'],
    ['an own __proto__', JSON.parse('{"__proto__":{"type":"a"}}'), '__proto__'],
    ['a path into the type', { 'type.x': 1 }, 'type.x'],
    ['an empty segment', { 'data..x': 1 }, 'data..x'],
    ['an operator that there is not', { 'data.a': { $regex: '.*' } }, 'data.a.$regex'],
    ['a member that is no operator', { 'data.a': { b: 1 } }, 'data.a.b'],
    ['no operator', { 'data.a': {} }, 'data.a'],
    ['a list to be equal to', { 'data.a': [1] }, 'data.a'],
    ['an object to be equal to', { 'data.a': { $eq: {} } }, 'data.a.$eq'],
    ['$where', { $where: 'true' }, '$where'],
    ['an empty $or', { $or: [] }, '$or'],
    ['an empty filter in $and', { $and: [{ type: 'a' }, {}] }, '$and.1'],
    ['a list for $not', { $not: [] }, '$not'],
    ['an empty $in', { 'data.a': { $in: [] } }, 'data.a.$in'],
    ['a list in $in', { 'data.a': { $in: [1, []] } }, 'data.a.$in.1'],
    ['101 values in $in', { 'data.a': { $in: Array(101).fill(1) } }, 'data.a.$in'],
    ['a number as prefix', { 'data.a': { $prefix: 1 } }, 'data.a.$prefix'],
    ['true to be greater than', { 'data.a': { $gt: true } }, 'data.a.$gt'],
    ['1 for $exists', { 'data.a': { $exists: 1 } }, 'data.a.$exists'],
    ['a very long text', { 'data.a': 'x'.repeat(1_025) }, 'data.a'],
    ['a NUL', { 'data.a': '\0' }, 'data.a'],
    ['a path with a NUL', { 'data.\0': 1 }, 'data.\0'],
    ['a path with half an emoji', { 'data.\ud83d': 1 }, 'data.\ud83d'],
    ['half an emoji', { 'data.a': { $in: ['\ud83d'] } }, 'data.a.$in.0'],
    ['nine levels', deep(8), Array(8).fill('$not').join('.')],
    ['101 conditions', { $and: Array.from({ length: 101 }, (_, i) => ({ [`data.a${i}`]: 1 })) }, ''],
    ['too many bytes', { $and: Array.from({ length: 20 }, () => ({ type: 'x'.repeat(1_000) })) }, ''],
  ])('%s is refused, and the place is named', (_title, filter, path) => {
    expect(faultsOf(filter)).toContainEqual({ path, message: expect.any(String) as string });
  });

  it('names every mistake at once', () => {
    expect(faultsOf({ 'x.a': 1, 'data.a': { $gt: null } }).map(({ path }) => path)).toEqual([
      'x.a',
      'data.a.$gt',
    ]);
  });

  it('eight levels are not too many', () => {
    expect(faultsOf(deep(7))).toEqual([]);
  });
});
