import { readFileSync } from 'node:fs';
import { SandboxPool } from './sandbox-pool.js';
import { transformInput } from './transform-for-tests.js';
import type { TransformInput, WantedRequest } from './transform.js';

const pool = new SandboxPool({ processes: 2, timeoutMs: 500 });
afterAll(() => pool.close());

const inside = (body: string) => `function transform(event) { ${body} }`;
const run = (body: string, input: TransformInput = transformInput()) => pool.run('wh_1', inside(body), input);

async function wanted(body: string, input?: TransformInput): Promise<WantedRequest> {
  const { outcome } = await run(body, input);
  if (outcome.kind !== 'request') throw new Error(JSON.stringify(outcome));
  return outcome.wanted;
}

async function message(body: string): Promise<string | undefined> {
  const { outcome } = await run(body);
  return outcome.kind === 'failed' ? outcome.message.slice('The transform failed: '.length) : outcome.kind;
}

const UNTOUCHED = { body: null, event: null, headers: {}, method: null, path: null };
const body = async (text: string, input?: TransformInput) =>
  JSON.parse((await wanted(`return {body: ${text}}`, input)).body?.toString() ?? '') as unknown;

describe('a transform', () => {
  it('sees the event and the request, and nothing else', async () => {
    const input = transformInput({
      data: '{"n":1,"s":"ü\\u0000😀"}',
      metadata: '{"source":"spec"}',
      attempt: 3,
    });
    const { tenant: _, ...rest } = input;
    expect(await body('event', input)).toEqual({
      ...rest,
      data: { n: 1, s: 'ü\0😀' },
      metadata: { source: 'spec' },
      headers: {},
    });
  });

  it('that touches nothing leaves everything as it came, to the byte', async () => {
    const data = '{ "n": 12345678901234567890, "f": 1.0, "b": 2, "a": [ ] }';
    expect(await wanted('return event', transformInput({ data, metadata: '{ "z": 1.0 }' }))).toEqual(
      UNTOUCHED,
    );
    expect(await wanted('event.data.m = 1; delete event.data.m; return event')).toEqual(UNTOUCHED);
  });

  it('changes what the format renders', async () => {
    const { event } = await wanted(
      'event.data.b = [2]; event.type = "other.type"; event.metadata = {m: 1};' +
        'event.timestamp = "2026-05-01T02:00:00+02:00"; return event',
    );
    expect({ ...event, data: event?.data.toString() }).toEqual({
      data: '{"a":1,"b":[2]}',
      type: 'other.type',
      metadata: '{"m":1}',
      timestamp: '2026-05-01T00:00:00.000Z',
    });
  });

  it('changes body, headers, path and method', async () => {
    const request = await wanted(
      'return {body: {"text": "ü"}, headers: {"X-A": 1, "X-B": true, "X-C": "c"}, path: "/a b?c=ü", method: "PUT"}',
    );
    expect({ ...request, body: request.body?.toString() }).toEqual({
      body: '{"text":"ü"}',
      event: null,
      headers: { 'X-A': '1', 'X-B': 'true', 'X-C': 'c' },
      path: '/a%20b?c=%C3%BC',
      method: 'PUT',
    });
  });

  it.each([
    ['an object without any of these', '{text: "hi"}', '{"text":"hi"}'],
    ['an array', '[1, "2"]', '[1,"2"]'],
    ['text', '"hi"', '"hi"'],
    ['false', 'false', 'false'],
    ['a body of null', '{body: null}', 'null'],
    ['what toJSON says', '{toJSON() { return {body: 1} }}', '{"body":1}'],
    ['a date', 'new Date(0)', '"1970-01-01T00:00:00.000Z"'],
  ])('that returns %s returns the whole body', async (_, value, text) => {
    expect((await wanted(`return ${value}`)).body?.toString()).toBe(text);
  });

  it('drops the delivery by returning null', async () => {
    expect((await run('return null')).outcome).toEqual({ kind: 'dropped' });
  });

  it('may be async, as long as it waits for nothing outside', async () => {
    const code = 'async function transform(event) { const x = await Promise.resolve(2); return {body: x} }';
    const { outcome } = await pool.run('wh_1', code, transformInput());
    expect(outcome).toMatchObject({ kind: 'request', wanted: { body: Buffer.from('2') } });
  });

  it('may be a constant', async () => {
    const { outcome } = await pool.run('wh_1', 'const transform = (event) => null', transformInput());
    expect(outcome).toEqual({ kind: 'dropped' });
  });

  it('has the time and chance', async () => {
    const now = (await body('Date.now()')) as number;
    expect(Math.abs(now - Date.now())).toBeLessThan(60_000);
    expect(await body('Math.random()')).not.toBe(await body('Math.random()'));
  });
});

describe('the transform of the document', () => {
  const documented = readFileSync('docs/payloads.md', 'utf8').split('## Transforms')[1] ?? '';
  const code = /```js\n(.*?)```/s.exec(documented)?.[1] ?? '';
  const order = (total: number) =>
    pool.run(
      'wh_1',
      code,
      transformInput({ data: JSON.stringify({ id: 'o-1', total, customer: { name: 'Ada' } }) }),
    );

  it('does as it says', async () => {
    expect((await order(99)).outcome).toEqual({ kind: 'dropped' });
    const { outcome, console: lines } = await order(100);
    expect(outcome).toMatchObject({ wanted: { path: '/orders/o-1', headers: { 'X-Priority': 'high' } } });
    const data = outcome.kind === 'request' ? outcome.wanted.event?.data.toString() : '';
    expect(data).toBe('{"id":"o-1","total":100,"customer":"Ada"}');
    expect(lines).toEqual([{ level: 'log', text: 'a large order o-1' }]);
  });
});

describe('what a transform writes', () => {
  it('is kept, also when it fails', async () => {
    const { console: lines, outcome } = await run(
      'console.log("a", 1, {b: [null]}, undefined); console.error(new TypeError("no")); null.x',
    );
    expect(lines).toEqual([
      { level: 'log', text: 'a 1 {"b":[null]} undefined' },
      { level: 'error', text: 'TypeError: no' },
    ]);
    expect(outcome.kind).toBe('failed');
  });

  it('is cut, and a flood of it is too', async () => {
    const { console: lines } = await run(
      'for (let i = 0; i < 100000; i++) console.warn("é".repeat(5000)); return null',
    );
    const bytes = lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    expect(bytes).toBeLessThanOrEqual(8_192);
    expect(lines.at(-1)?.text).toBe('More was written, and is not kept.');
  });

  it('holds no control characters that a terminal or a database would mind', async () => {
    const { console: lines } = await run('console.info("a\\u0000b\\u001b[31m\\n\\ud800"); return null');
    expect(lines).toEqual([{ level: 'info', text: 'a\ufffdb\ufffd[31m\n\ufffd' }]);
  });
});

describe('a transform fails with a reason', () => {
  it.each([
    ['throws', '\n\nthrow new RangeError("no")', 'RangeError: no (line 3).'],
    ['makes a mistake', '\nevent.data.x.y', "TypeError: cannot read property 'y' of undefined (line 2)."],
    ['throws text', 'throw "no"', 'no was thrown.'],
    ['throws null', 'throw null', 'null was thrown.'],
    [
      'throws what cannot be shown',
      'throw {get message() { throw 1 }}',
      'an error that cannot be shown was thrown.',
    ],
    ['returns nothing', '', 'it returned undefined: return the event, a body, or null to send nothing.'],
    ['returns a function', 'return () => 1', 'what it returned is a function, which is not JSON.'],
    [
      'returns a circle',
      'event.data.e = event; return event',
      'data is not JSON: TypeError: circular reference.',
    ],
    ['returns a BigInt', 'return {body: 1n}', /^body is not JSON: TypeError: .*BigInt/],
    [
      'returns data that is not there',
      'return {data: event.data.x}',
      'data is undefined, which is not JSON.',
    ],
    ['waits for ever', 'return new Promise(() => 1)', /^it returned a promise that nothing settles/],
    ['rejects', 'return Promise.reject(new Error("no"))', 'Error: no (line 1).'],
    [
      'wants a header of the connection',
      'return {headers: {Host: "x"}}',
      /^headers.Host governs the connection/,
    ],
    [
      'wants a header that signs',
      'return {headers: {"webhook-signature": "x"}}',
      /^headers.webhook-signature is one/,
    ],
    ['breaks a line in a header', 'return {headers: {X: "a\\r\\nY: b"}}', /^headers.X must be visible ASCII/],
    ['gives a header no text', 'return {headers: {X: {}}}', 'headers.X must be text, but is an object.'],
    ['gives a header twice', 'return {headers: {X: "1", x: "2"}}', 'headers.x is given twice.'],
    [
      'names a header __proto__',
      'return {headers: JSON.parse(\'{"__proto__":"x"}\')}',
      /^headers.__proto__ must be/,
    ],
    [
      'wants too many headers',
      'const h = {}; for (let i = 0; i < 51; i++) h["X-" + i] = 1; return {headers: h}',
      'headers must be at most 50, but are 51.',
    ],
    ['wants headers as a list', 'return {headers: []}', 'headers must be an object, but are an array.'],
    ['wants a path without slash', 'return {path: "x"}', 'path must begin with /.'],
    ['wants another host', 'return {path: "//evil.example/x"}', /^path must not begin with \/\//],
    ['wants another host by dots', 'return {path: "/.//evil.example/x"}', /^path must not begin with \/\//],
    [
      'wants another host by backslashes',
      'return {path: "/\\\\evil.example"}',
      /^path must hold no backslash/,
    ],
    ['wants a fragment', 'return {path: "/a#b"}', /^path must hold no backslash, no fragment/],
    ['breaks a line in a path', 'return {path: "/a\\nb"}', /^path must hold no/],
    [
      'wants a long path',
      'return {path: "/" + "x".repeat(2048)}',
      'path must have at most 2048 bytes, but has 2049.',
    ],
    ['wants another method', 'return {method: "CONNECT"}', /^method must be one of POST/],
    ['wants a method that is no text', 'return {method: 5}', 'method must be text, but is a number.'],
    ['wants a type that is none', 'event.type = "a b"; return event', /^type must be an event type/],
    ['wants a time that is none', 'event.timestamp = "noon"; return event', /^timestamp must be a time/],
    [
      'wants metadata that is a list',
      'event.metadata = []; return event',
      /^metadata must be an object or null/,
    ],
    [
      'returns too much',
      'return "x".repeat(1100000)',
      'body must be at most 1048576 bytes of JSON, but is 1100002.',
    ],
  ])('when it %s', async (_, code, expected) => {
    expect(await message(code)).toEqual(
      expected instanceof RegExp ? expect.stringMatching(expected) : expected,
    );
  });

  it.each([
    ['is no JavaScript', 'function transform(event) {\n  let x = ;\n}', /^SyntaxError: .* \(line 2\)/],
    ['has no function of that name', 'function other() {}', /^it has no function named transform/],
    ['is a module', 'export default function transform() {}', /^SyntaxError/],
    ['fails at once', '\nnull.x', /^TypeError: .* \(line 2\)/],
    ['never gets there', 'for (;;);', /^it took longer than 500 ms/],
  ])('which is told when it is saved, when it %s', async (_, code, expected) => {
    expect(await pool.check('default', code)).toMatch(expected);
  });

  it('and a sound one has none', async () => {
    expect(await pool.check('default', inside('return event.data.a.b.c'))).toBeUndefined();
  });
});
