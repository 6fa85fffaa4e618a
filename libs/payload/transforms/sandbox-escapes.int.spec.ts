import { SandboxPool } from './sandbox-pool.js';
import { transformInput } from './transform-for-tests.js';

const pool = new SandboxPool({ processes: 1, timeoutMs: 500 });
afterAll(() => pool.close());

const inside = (body: string) => `function transform(event) { ${body} }`;

async function answered(code: string): Promise<unknown> {
  const { outcome } = await pool.run('wh_1', code, transformInput());
  if (outcome.kind !== 'request') return outcome;
  const { body, ...rest } = outcome.wanted;
  return body ? (JSON.parse(body.toString()) as unknown) : rest;
}

describe('a transform does not get out', () => {
  it.each([
    'process',
    'require',
    'module',
    'fetch',
    'XMLHttpRequest',
    'WebSocket',
    'WebAssembly',
    'Worker',
    'Buffer',
    'URL',
    'setTimeout',
    'setInterval',
    'setImmediate',
    'queueMicrotask',
    'std',
    'os',
    'print',
    'scriptArgs',
    'Deno',
    'Bun',
    'structuredClone',
    'navigator',
    'performance',
    'crypto',
    'gc',
    '__loadScript',
    'Atomics',
  ])('by %s', async (name) => {
    expect(await answered(inside(`return typeof ${name}`))).toBe('undefined');
  });

  it.each([
    ['the constructor of a function', 'this.constructor.constructor("return typeof process")()', 'undefined'],
    [
      'the constructor of what it is given',
      'event.constructor.constructor("return typeof process")()',
      'undefined',
    ],
    ['the constructor of console', 'console.log.constructor("return typeof process")()', 'undefined'],
    ['the prototype of console', 'Object.getPrototypeOf(console) === Object.prototype', true],
    ['eval', '(0, eval)("typeof process + typeof globalThis.transform")', 'undefinedfunction'],
    ['async functions', '(async () => {}).constructor("return typeof process")() instanceof Promise', true],
    ['generators', '(function* () {}).constructor("yield typeof process")().next().value', 'undefined'],
    [
      'callers',
      '(function f() { return f.caller === null || f.caller === undefined || typeof f.caller })()',
      expect.anything(),
    ],
    ['stacks', 'new Error().stack.includes("/")', false],
    [
      'prepareStackTrace',
      '(() => { Error.prepareStackTrace = (e, frames) => frames; return typeof new Error().stack })()',
      'string',
    ],
  ])('by %s', async (_, expression, found) => {
    const value = (await answered(
      `function transform(event) { try { return [${expression}] } catch (e) { return ["undefined"] } }`,
    )) as unknown[];
    expect(value[0]).toEqual(found);
  });

  it('by import()', async () => {
    const code =
      'async function transform() { try { await import("node:fs"); return "in" } catch (e) { return "out" } }';
    expect(await answered(code)).toBe('out');
  });

  it.each([
    [
      'setters on Object.prototype',
      'for (const k of ["kind", "path", "headers", "0", "toJSON"]) Object.defineProperty(Object.prototype, k, {set() { throw 1 }, get() { return undefined }, configurable: true}); return {body: 1}',
      1,
    ],
    [
      'indices of Array.prototype',
      'Object.defineProperty(Array.prototype, "0", {set() { throw 1 }}); return {body: 1}',
      1,
    ],
    [
      'JSON of its own',
      'JSON.stringify = () => "{}"; JSON.parse = () => 1; String.prototype.slice = () => ""; console.log("x"); return {body: 1}',
      1,
    ],
    [
      'keys of its own',
      'Object.keys = () => ["Host"]; Object.hasOwn = () => true; return {body: 1, headers: {"X-A": "1"}}',
      1,
    ],
    ['no Promise', 'Promise.prototype.then = 1; Object.prototype.then = 1; return {body: 1}', 1],
  ])('by %s', async (_, code, found) => {
    expect(await answered(inside(code))).toEqual(found);
  });

  it.each([
    [
      'a getter',
      'let n = 0; return {get path() { return n++ ? "//evil.example" : "/fine" }}',
      { path: '/fine' },
    ],
    [
      'a proxy',
      'return new Proxy({path: "/x"}, {get: (t, k) => k === "path" ? "//evil.example" : t[k]})',
      { kind: 'failed' },
    ],
    [
      'a proxy that throws',
      'return new Proxy({}, {getOwnPropertyDescriptor() { throw new Error("no") }})',
      { kind: 'failed' },
    ],
    ['toJSON of headers', 'return {headers: {"X-A": {toJSON: () => "a\\r\\nHost: x"}}}', { kind: 'failed' }],
    ['symbols', 'return {path: "/y", [Symbol.toPrimitive]: () => "x", [Symbol("body")]: 1}', { path: '/y' }],
    ['text that is more', 'return {headers: {"X-A": new String("x")}}', { kind: 'failed' }],
  ])('by %s in what it returns', async (_, code, found) => {
    expect(await answered(inside(code))).toMatchObject(found);
  });

  it('by __proto__, which is a member like others and changes nothing here', async () => {
    const code = inside(
      `return {data: JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')}`,
    );
    const { outcome } = await pool.run('wh_1', code, transformInput());
    const data = outcome.kind === 'request' ? outcome.wanted.event?.data.toString() : '';
    expect(data).toBe('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('into its next run', async () => {
    const code =
      'function transform() { const seen = [typeof globalThis.kept, typeof Object.prototype.kept, typeof JSON.kept, [].kept];' +
      'globalThis.kept = 1; Object.prototype.kept = 1; JSON.kept = 1; Array.prototype.kept = 1; return {body: seen} }';
    const fresh = ['undefined', 'undefined', 'undefined', null];
    for (let i = 0; i < 3; i++) expect(await answered(code)).toEqual(fresh);
  });
});
