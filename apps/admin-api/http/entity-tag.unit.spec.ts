import { entityTag, expectedVersion } from './entity-tag.js';

describe('ETags', () => {
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['*', undefined],
    ['"3"', 3],
    [' "12" ', 12],
    ['W/"3"', 3],
  ])('If-Match %j expects version %j', (header, version) => {
    expect(expectedVersion(header)).toBe(version);
  });

  it('an ETag that was given is understood', () => {
    expect(expectedVersion(entityTag(7))).toBe(7);
  });

  it.each(['3', '""', '"x"', '"1", "2"', '"-1"', '"1234567890123"'])('%j can match nothing', (header) => {
    expect(() => expectedVersion(header)).toThrow('If-Match must be');
  });
});
