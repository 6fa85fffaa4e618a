import fc from 'fast-check';

/** JSON text that nests so deep; JSON.stringify itself would end the stack. */
const nested = (levels: number, open: string, close: string) => open.repeat(levels) + close.repeat(levels);

function deep(levels: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < levels; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
}

export const oddText = fc.oneof(
  fc.constantFrom(
    ...['', ' ', '\u0000', 'a\u0000b', '\ud800', '\udfff\ud800', '\ufeff', '\u202e\u2066', '\u0085\u2028'],
    ...[
      '\ud83d\ude00'.repeat(300),
      'e\u0301'.repeat(200),
      '%',
      '%00',
      '../..',
      "' OR 1=1 --",
      '{{data}}',
      '${x}',
    ],
    ...[
      '__proto__',
      'constructor',
      'toString',
      'null',
      '-1',
      '1e309',
      'NaN',
      'a'.repeat(5_000),
      '*',
      '>',
      'a.>.b',
    ],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);

export const oddNumber = fc.oneof(
  fc.constantFrom(-1, 0, -0, 0.5, 1e-320, 2 ** 31, 2 ** 53, 2 ** 63, 2 ** 64, 1e21, 1e308, -1e308),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);

/** What no schema, or only a lenient one, would expect. */
export const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: oddText },
  { weight: 3, arbitrary: oddNumber },
  { weight: 3, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], { '': {} }) },
  { weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.constantFrom(40, 99, 101, 400, 1_500).map(deep) },
  { weight: 1, arbitrary: fc.constantFrom(260, 2_000).map((count) => Array<number>(count).fill(1)) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(60, 1_200)
      .map((count) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`m${n}`, `${n}`]))),
  },
  // Made by parsing, so that it is a member of its own, as it would be in a body.
  {
    weight: 1,
    arbitrary: fc.constantFrom('{"__proto__":{"a":1}}', '{"constructor":{"prototype":{"a":1}}}').map(parse),
  },
);

function parse(text: string): unknown {
  return JSON.parse(text);
}

/** Bodies that are no JSON, or hardly. */
export const oddBody = fc.oneof(
  fc.constantFrom(
    ...[
      '',
      ' ',
      '{',
      '[',
      '"',
      'nul',
      '{"a":1,}',
      "{'a':1}",
      '{"a":1}{"b":2}',
      '\ufeff{}',
      '1e400',
      '-',
      'NaN',
    ],
    ...['{"name":"a","name":"b"}', '{"__proto__":{"x":1}}', '"\\ud800"', '[]', 'null', '0', '"text"', 'true'],
    ...[nested(50_000, '[', ']'), nested(30_000, '{"a":', '}').replace(':}', ':1}'), '[1e309,-1e309]'],
    'name=a&url=b',
    `{"name":"${'a'.repeat(1_100_000)}"}`,
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

/** YAML, such as an import might be given, and such as nobody should write. */
export const oddYaml = fc.oneof(
  { weight: 2, arbitrary: fc.uuid().map((id) => `event_types:\n  - name: y.${id.replaceAll('-', '_')}\n`) },
  { weight: 1, arbitrary: oddBody },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...['openapi: 3.1.0\nwebhooks:\n  yaml.one: &a { post: {} }\n  yaml.two: *a\n', 'a: b: c', '- &a [*a]'],
      ...[
        'asyncapi: 3.0.0\nchannels: {}\n',
        'event_types: [{ name: y.z, example: .nan }]',
        '<<: 1',
        '---\n---',
      ],
      ...[
        'event_types: [{ name: y.deep, schema: ' + nested(200, '{not: ', '}').replace(': }', ': 1}') + ' }]',
      ],
      ...[
        'event_types: &e [{ name: y.e, example: *e }]',
        '!!binary aGk=',
        '\t',
        '? ',
        '%YAML 1.1\n---\na: yes',
      ],
    ),
  },
);
