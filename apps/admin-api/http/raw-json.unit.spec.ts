import { jsonObject, RawJson } from './raw-json.js';

describe('JSON with parts taken over as they are', () => {
  it('keeps their bytes', () => {
    const raw = '{ "z": 12345678901234567890, "a": 1.0 }';
    expect(jsonObject({ id: 'e"1', data: new RawJson(raw), none: null })).toBe(
      `{"id":"e\\"1","data":${raw},"none":null}`,
    );
  });

  it('may be empty', () => {
    expect(jsonObject({})).toBe('{}');
  });
});
