import { CursorError, decodeCursor, pageOf } from './page.js';

const rows = ['e', 'd', 'c'];
const key = (row: string) => [row];

describe('a page', () => {
  it('has a cursor when there are more rows, and the cursor is the last row shown', () => {
    const page = pageOf('letters', rows, 2, key);
    expect(page.rows).toEqual(['e', 'd']);
    expect(decodeCursor('letters', page.nextCursor ?? '', 1)).toEqual(['d']);
  });

  it('has none when it shows the last row', () => {
    expect(pageOf('letters', rows, 3, key).nextCursor).toBeNull();
    expect(pageOf('letters', [], 3, key).nextCursor).toBeNull();
  });
});

describe('a cursor', () => {
  const given = pageOf('letters', rows, 2, key).nextCursor ?? '';
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('may be absent', () => {
    expect(decodeCursor('letters', undefined, 1)).toBeUndefined();
  });

  it.each([
    ['of another list', 'numbers', given],
    ['of another shape', 'letters', encode(['letters', 'a', 'b'])],
    ['that holds no text', 'letters', encode(['letters', 1])],
    ['that holds a NUL', 'letters', encode(['letters', 'a\0'])],
    ['that was made up', 'letters', 'nonsense'],
    ['that is empty', 'letters', ''],
  ])('%s is refused', (_title, list, cursor) => {
    expect(() => decodeCursor(list, cursor, 1)).toThrow(CursorError);
  });
});
