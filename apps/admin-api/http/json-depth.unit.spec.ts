import { isNestedWithin } from './json-depth.js';

describe('the depth of JSON', () => {
  it.each([
    ['1', 0, true],
    ['[]', 0, false],
    ['{"a":[1]}', 2, true],
    ['{"a":[1]}', 1, false],
    ['[[],[],[]]', 2, true],
    ['"[[[["', 0, true],
    [String.raw`["\"[[[", "\\"]`, 1, true],
    [String.raw`["\\", [1]]`, 1, false],
  ])('of %s is within %i: %s', (text, levels, within) => {
    expect(isNestedWithin(Buffer.from(text), levels)).toBe(within);
  });
});
