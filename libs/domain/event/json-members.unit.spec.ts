import fc from 'fast-check';
import { jsonItems, jsonMembers } from './json-members.js';

describe('the members of a JSON text', () => {
  it('keep their bytes', () => {
    const text =
      ' { "a" : 1.0 , "b":12345678901234567890, "c": {"2":1,"1":[ "}" , "\\"," ]},"d":"x\\\\", "e":null}';
    expect(Object.fromEntries(jsonMembers(text))).toEqual({
      a: '1.0',
      b: '12345678901234567890',
      c: '{"2":1,"1":[ "}" , "\\"," ]}',
      d: '"x\\\\"',
      e: 'null',
    });
  });

  it('are none in an empty object', () => {
    expect(jsonMembers('{ }').size).toBe(0);
  });

  it('are the last of a repeated key, as JSON.parse has it', () => {
    expect(jsonMembers('{"a":1,"a":2}').get('a')).toBe('2');
  });

  it('mean what JSON.parse reads, for any object and any spacing', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(0, 2, '\t'),
        (object, indent) => {
          const text = JSON.stringify(object, null, indent);
          const read = [...jsonMembers(text)].map(([key, raw]) => [key, JSON.parse(raw) as unknown]);
          expect(Object.fromEntries(read)).toEqual(JSON.parse(text));
        },
      ),
    );
  });
});

describe('the items of a JSON array', () => {
  it.each<[string, string[]]>([
    ['[]', []],
    [' [ ] ', []],
    ['[1]', ['1']],
    ['[ 1.0 , "a,]" ,{"b":[1, 2]},[ ],null ]', ['1.0', '"a,]"', '{"b":[1, 2]}', '[ ]', 'null']],
    ['[12345678901234567890,"\\"]"]', ['12345678901234567890', '"\\"]"']],
  ])('of %s keep their text', (text, items) => {
    expect(jsonItems(text)).toEqual(items);
  });
});
