import { readYaml } from './read-yaml.js';

const fill = (line: (n: number) => string, count: number) =>
  Array.from({ length: count }, (_, n) => line(n)).join('\n');
const bomb = [...'bcdefgh'].reduce(
  (text, name, n) => `${text}\n${name}: &${name} [${`*${'abcdefgh'.charAt(n)},`.repeat(9)}]`,
  'a: &a [x,x,x]',
);
const refusal = async (text: string, withinMs?: number) => {
  const error: unknown = await readYaml(text, withinMs).catch((error: unknown) => error);
  return error as { code: string; document: () => object };
};

describe('YAML', () => {
  it.each<[string, string, unknown]>([
    ['JSON is YAML', '{"a": [1, 2.50, null, "\\u00fc"]}', { a: [1, 2.5, null, 'ü'] }],
    [
      'a status is a text as a key, whatever it looks like',
      '200: ok\n1.10: x\ntrue: y',
      { 200: 'ok', '1.10': 'x', true: 'y' },
    ],
    ['a time is a text', 'a: 2001-01-01T00:00:00Z', { a: '2001-01-01T00:00:00Z' }],
    ['yes is a text, also in a document that says it is YAML 1.1', '%YAML 1.1\n---\na: yes', { a: 'yes' }],
    ['an alias is what its anchor is', 'a: &x {b: 1}\nc: *x', { a: { b: 1 }, c: { b: 1 } }],
    ['a quoted << is a key like any other', '"<<": 1', { '<<': 1 }],
    ['nothing is null', '# nothing', null],
  ])('%s', async (_fact, text, value) => {
    expect(await readYaml(text)).toEqual(value);
  });

  it('__proto__ is a member like any other', async () => {
    const value = await readYaml('__proto__: {polluted: 1}');
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each<[string, string, RegExp, object]>([
    ['is none', 'a:\n  b: c: d', /compact mappings/, { line: 2, column: 6 }],
    ['has a merge key', 'a: 1\n<<: {b: 1}', /merge keys/, { line: 2, column: 1 }],
    ['has a key twice', 'a:\n  b: 1\n  b: 2', /b is there twice/, { line: 3, column: 3 }],
    ['has a key that is no text', '? [a]\n: b', /keys must be strings/, { line: 1 }],
    [
      'has a tag that YAML 1.2 does not know',
      'a: !!timestamp 2001-01-01',
      /Unresolved tag/,
      { line: 1, column: 4 },
    ],
    ['wants code', '!!js/function "x"', /Unresolved tag/, { line: 1 }],
    ['has a number that JSON cannot say', 'a: .inf', /\.inf is no number/, { line: 1, column: 4 }],
    ['has a number that is too large', 'a: 1e400', /1e400 is no number/, { line: 1, column: 4 }],
    ['is two documents', 'a: 1\n---\na: 2', /several documents/, { line: 2 }],
    ['has an alias of nothing', 'a: *nobody', /nobody/, {}],
    ['holds itself', 'a: &x [*x]', /alias of itself/, {}],
    ['is deeper than any stack', '['.repeat(100_000), /too deeply/, {}],
    ['would grow without end', bomb, /alias count/, {}],
    [
      'has more aliases than a document needs',
      fill((n) => `- &a${n} x\n- *a${n}`, 40_000),
      /1000 aliases/,
      {},
    ],
    ['grows too large', `a: &a ${'x'.repeat(100_000)}\nb: [${'*a,'.repeat(100)}]`, /4 MiB/, {}],
  ])('that %s is refused, with the place where it is known', async (_title, text, fault, place) => {
    const document = (await refusal(text)).document();
    expect(document).toMatchObject({
      code: 'malformed_yaml',
      status: 400,
      detail: expect.stringMatching(fault) as string,
      ...place,
    });
  });

  it('with 100,000 keys is read in the time that its length takes', async () => {
    const value = await readYaml(fill((n) => `k${n}: 1`, 100_000));
    expect(Object.keys(value as object)).toHaveLength(100_000);
  });

  it('that takes too long is given up, and the next text is read', async () => {
    const slow = refusal('!!x '.repeat(250_000), 1_000);
    const next = readYaml('a: 1');
    expect((await slow).document()).toMatchObject({
      detail: expect.stringMatching(/longer than 1000 ms/) as string,
    });
    expect(await next).toEqual({ a: 1 });
  });

  it('does not hold up who waits for something else', async () => {
    const ticks: number[] = [];
    const timer = setInterval(() => ticks.push(performance.now()), 20);
    await refusal('!!x '.repeat(250_000), 1_000);
    clearInterval(timer);
    const gaps = ticks.slice(1).map((tick, n) => tick - (ticks[n] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(700);
  });
});
