/** How JSON writes NUL and halves of surrogate pairs. A text that holds a backslash and these letters looks the same. */
const MAYBE_UNSTORABLE = /\\u(?:0000|d[89a-f])/;

/** Rows as one JSON text. PostgreSQL's text takes neither NUL nor half a surrogate pair: U+FFFD stands for them. */
export function asJson(rows: readonly object[]): string {
  const json = JSON.stringify(rows);
  return MAYBE_UNSTORABLE.test(json) ? JSON.stringify(rows, storable) : json;
}

function storable(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value;
}
