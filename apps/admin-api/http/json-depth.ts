/**
 * How deep a body may be nested. What the API takes needs 20 levels, and data of
 * events is rarely deeper than 10; checking half a million of them stalled the
 * process for half a minute (safe-server.int.spec.ts).
 */
export const MAX_JSON_LEVELS = 256;

const [QUOTE, BACKSLASH, OPEN, CLOSE, CURLY_OPEN, CURLY_CLOSE] = Buffer.from('"\\[]{}');

/** Whether JSON text, as UTF-8, is nested no deeper than so many levels. Of what is no JSON it says nothing of use. */
export function isNestedWithin(json: Uint8Array, levels: number): boolean {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN || byte === CURLY_OPEN) {
      if (++depth > levels) return false;
    } else if (byte === CLOSE || byte === CURLY_CLOSE) depth--;
  }
  return true;
}
