import fc from 'fast-check';
import { payloadEvent } from '../testing/payload-event-for-tests.js';
import { RenderError } from './render-error.js';
import { Scope } from './scope.js';
import { Template } from './template.js';

const render = (template: string, given: Parameters<typeof payloadEvent>[0] = {}) =>
  Template.read(template, 'json')
    .bytes(new Scope(payloadEvent(given)))
    .toString();
const asText = (
  template: string,
  given: Parameters<typeof payloadEvent>[0] = {},
  context: 'text' | 'form' | 'xml' | 'header' = 'text',
) => Template.read(template, context).text(new Scope(payloadEvent(given)));

describe('a placeholder', () => {
  it('outside of quotes is a JSON value, its digits and its order as they came', () => {
    const data = '{ "z": 1.50, "a": {"id":12345678901234567890} , "list":[1, "x"] }';
    expect(render('{"all":{{data}}}', { data })).toBe(`{"all":${data}}`);
    expect(render('[{{data.z}},{{data.a.id}},{{ data.list.1 }},{{event.data.a}}]', { data })).toBe(
      '[1.50,12345678901234567890,"x",{"id":12345678901234567890}]',
    );
  });

  it('within quotes is text, escaped', () => {
    const data = '{"name":"a \\"b\\" \\u00e9\\n","n":1.50,"o":{"x":1},"nothing":null}';
    expect(
      JSON.parse(
        render('{"t":"<{{data.name}}|{{data.n}}|{{data.o}}|{{data.nothing}}|{{data.gone}}>"}', { data }),
      ),
    ).toEqual({
      t: '<a "b" é\n|1.50|{"x":1}||>',
    });
  });

  it('for what is absent is null outside of quotes', () => {
    expect(render('[{{data.a.b}},{{metadata}},{{metadata.x}},{{data.0}}]', { data: '[]' })).toBe(
      '[null,null,null,null]',
    );
  });

  it('says what the delivery is', () => {
    expect(
      JSON.parse(
        render(
          '[{{id}},{{type}},{{timestamp}},{{tenant}},{{webhook_id}},{{delivery_id}},{{attempt}},{{metadata.k}}]',
          { metadata: '{"k":[1]}' },
        ),
      ),
    ).toEqual(['evt_1', 'order.created', '2026-11-23T10:00:00.250Z', 'default', 'wh_1', 'dlv_1', 1, [1]]);
  });

  it('that is none of those it may be is absent', () => {
    const severity = `{{ data.severity | one_of: ["error","info"] | default: 'error' }}`;
    const of = (data: string) => render(`{"severity":"${severity}"}`, { data });
    expect(of('{"severity":"info"}')).toBe('{"severity":"info"}');
    expect(of('{"severity":"high"}')).toBe('{"severity":"error"}');
    expect(of('[]')).toBe('{"severity":"error"}');
  });

  it('goes through filters from left to right', () => {
    expect(
      render(
        '[{{type | title}},{{ type|upper|truncate: 6 }},{{timestamp|seconds}},{{timestamp|unix}},{{timestamp|unix_ms}},{{timestamp|date}}]',
      ),
    ).toBe('["Order created","ORDER…","2026-11-23T10:00:00Z",1795428000,1795428000250,"2026-11-23"]');
    expect(
      render(
        '[{{data.x | default: {"a":"}}"}}},{{data.x | default: \'it\'}},{{data.x | or: data.id}},{{data|json}}]',
        { data: '{"id":7}' },
      ),
    ).toBe('[{"a":"}}"},"it",7,"{\\"id\\":7}"]');
    expect(asText('{{data | lines}}', { data: '{"a":1,"b":{"c":"x"},"d":"text"}' })).toBe(
      'a: 1\nb: {"c":"x"}\nd: text',
    );
  });
});

describe('a template', () => {
  it('whose probe is JSON renders to JSON for every event', () => {
    const template =
      '{"a":{{data}},"b":"{{data}} {{metadata.x}} {{type}}","c":[{{data.x | default: 1}},{{type|title}}],{{cloudevent_attributes}}}';
    JSON.parse(Template.read(template, 'json').probe);
    fc.assert(
      fc.property(
        fc.json(),
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.string({ unit: 'binary' }),
        (data, metadata, type) => {
          JSON.parse(render(template, { data, metadata: JSON.stringify(metadata), type }));
        },
      ),
    );
  });

  it.each([
    '{"a":1{{data}}}',
    '{{{data}}:1}',
    '{"a":{{data}}{{data}}}',
    '{{data}} {{data}}',
    'Order {{data.id}}',
    '{"a":-{{data.n}}}',
  ])('that is JSON for some events only has no JSON as its probe: %s', (template) => {
    expect(() => JSON.parse(Template.read(template, 'json').probe) as unknown).toThrow(SyntaxError);
  });

  it.each([
    ['{"a":{{data', 'has {{ at character 6 and no }} after it'],
    ['{{process.env}}', 'has {{process.env}}, but paths begin with id, type'],
    ['{{__proto__}}', 'but paths begin with'],
    ['{{constructor.constructor}}', 'but paths begin with'],
    ['{{type.length}}', 'has the path type.length, but type has no members'],
    ['{{data..a}}', 'has a path with an empty step'],
    ['{{data | upper | nope}}', 'has the filter nope, but there are only default'],
    ['{{data | constructor}}', 'has the filter constructor, but'],
    ['{{data | default}}', 'has the filter default without what it needs'],
    ['{{data | default: nope}}', 'has nope, which is neither JSON nor'],
    ['{{data | truncate: "x"}}', 'which is no number'],
    ['{{data | upper: 1}}', 'with an argument, which it does not take'],
    ['{"a":"\\{{data}}"}', 'has a backslash right before the {{'],
    ['"{{cloudevent_attributes}}"', 'where no members of an object can stand'],
    ['{{type}}'.repeat(501), 'has more than 500 placeholders'],
    [`{{data${'.a'.repeat(21)}}}`, 'has a path of more than 20 steps'],
  ])('%s is refused: %s', (template, message) => {
    expect(() => Template.read(template, 'json')).toThrow(message);
  });

  it('reaches members of its own only', () => {
    expect(render('[{{data.__proto__}},{{data.constructor}},{{data.length}}]', { data: '{}' })).toBe(
      '[null,null,null]',
    );
    expect(render('[{{data.length}}]', { data: '[1]' })).toBe('[null]');
  });

  it.each([
    ['that filters make ever longer', `["{{data ${'| json '.repeat(9)}| truncate: 5}}"]`],
    ['that many filters go through', `[${Array(500).fill('{{data | upper | truncate: 1}}').join(',')}]`],
    ['that many filters list', `[${Array(500).fill('{{data.members | lines: 9}}').join(',')}]`],
  ])('goes through no more than a share of what would hold up others: data %s', (_, template) => {
    const members = Object.fromEntries(Array.from({ length: 20_000 }, (__, i) => [`"k${i}"`, '"\'"']));
    const data = JSON.stringify({ members, text: '"'.repeat(200_000) });
    expect(() => render(template, { data })).toThrow(/go through more than \d+ characters/);
  });

  it('finds hundreds of members of a large object, which is looked through once', () => {
    const data = JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`k${i}`, i])));
    const template = Array.from({ length: 500 }, (_, i) => `{{data.k${i}}}`).join(',');
    expect(render(`[${template}]`, { data })).toBe(JSON.stringify(Array.from({ length: 500 }, (_, i) => i)));
  });

  it('renders no more than a request may hold', () => {
    const data = JSON.stringify('x'.repeat(900_000));
    expect(() => render('[{{data}},{{data}},{{data}}]', { data })).toThrow(RenderError);
  });

  it.each([
    ['form', 'a={{data.t}}&b={{type}}', 'a=x+%26+%22%3C%C3%A9&b=order.created'],
    ['xml', '<a b="{{data.t}}"/>', '<a b="x &amp; &quot;&lt;é"/>'],
    ['text', '{{data.t}}', 'x & "<é'],
    ['header', 'v {{data.t}}', 'v x & "<%C3%A9'],
  ] as const)('escapes for what it is: %s', (context, template, rendered) => {
    expect(asText(template, { data: '{"t":"x & \\"<é"}' }, context)).toBe(rendered);
  });
});
