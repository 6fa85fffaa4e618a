import fc from 'fast-check';
import { tellingPieces } from './telling-pieces.js';

describe('a text is looked up by', () => {
  it.each([
    ['user12345@example.com', ['ser12345', 'example']],
    ['evt_01ARZ3NDEKTSV4RRFFQ69G5FAV', ['Q69G5FAV', 'evt']],
    ['ORD-4711', ['4711', 'ORD']],
    ['the quick zebra', ['quick', 'zebra']],
    ['unquestionably', ['tionably']],
    ['größe 12', []],
    ['', []],
  ])('%s: %j', (text, pieces) => {
    expect(tellingPieces(text)).toEqual(pieces);
  });

  it('parts of it, of which each has a trigram', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        for (const piece of tellingPieces(text)) {
          expect(text).toContain(piece);
          expect(piece).toMatch(/^[a-z0-9]{3,8}$/i);
        }
      }),
    );
  });
});
