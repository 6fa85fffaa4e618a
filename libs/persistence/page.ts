/** A cursor that this list did not give. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
}

export interface PageRequest {
  /** Rows at most. */
  limit: number;
  /** Where an earlier page ended. */
  cursor?: string | undefined;
}

export interface Page<Row> {
  rows: Row[];
  /** What asks for the rows after these; null when there are none. */
  nextCursor: string | null;
}

/**
 * A cursor is the key of the last row shown, so rows that arrive meanwhile
 * neither push others onto the next page nor are missed by it.
 */
export function encodeCursor(list: string, key: string[]): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url');
}

/**
 * The key of the last row shown; undefined without a cursor.
 * @param list the name of the list, for a cursor of another list is refused
 * @param parts how many values the key has
 * @throws CursorError
 */
export function decodeCursor(list: string, cursor: string | undefined, parts: number): string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === parts + 1 && key[0] === list) {
      const rest: unknown[] = key.slice(1);
      if (rest.every((part) => typeof part === 'string' && !part.includes('\0'))) return rest as string[];
    }
  } catch {
    // Said below.
  }
  throw new CursorError('The cursor is not one that this list gave.');
}

/**
 * Cuts a page from rows of which one more than the limit was asked for.
 * @param keyOf the values that the list is ordered by
 */
export function pageOf<Row>(
  list: string,
  found: Row[],
  limit: number,
  keyOf: (row: Row) => string[],
): Page<Row> {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const more = found.length > limit && last !== undefined;
  return { rows, nextCursor: more ? encodeCursor(list, keyOf(last)) : null };
}

/** A page of rows with the key from which the list goes on. */
export function pageAfter<Row>(list: string, rows: Row[], key: string[]): Page<Row> {
  return { rows, nextCursor: encodeCursor(list, key) };
}
