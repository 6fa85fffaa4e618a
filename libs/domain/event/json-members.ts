const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACE = 123;
const OPEN_BRACKET = 91;
const CLOSE_BRACE = 125;
const CLOSE_BRACKET = 93;
const SPACE = 32;

/** The index after the string that opens at `start`. */
function afterString(text: string, start: number): number {
  let end = start;
  for (;;) {
    end = text.indexOf('"', end + 1);
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
}

/** The index after the value that begins at `start`. */
function afterValue(text: string, start: number): number {
  const first = text.charCodeAt(start);
  if (first === QUOTE) return afterString(text, start);
  let depth = 0;
  let i = start;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = afterString(text, i);
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return i;
      depth--;
      if (depth === 0) return i + 1;
    } else if (depth === 0 && (code === COMMA || code <= SPACE)) return i;
    i++;
  }
  return i;
}

function afterSpace(text: string, start: number): number {
  let i = start;
  while (text.charCodeAt(i) <= SPACE) i++;
  return i;
}

/**
 * The members of a JSON object with each value's text as it was written, so
 * that a payload keeps its bytes: key order, `1.0`, and numbers beyond 2^53
 * would not survive being parsed and written again.
 * @param text JSON that JSON.parse takes, with an object at the top
 * @returns the raw value texts by key; of a repeated key the last, as JSON.parse has it
 */
export function jsonMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  let i = afterSpace(text, afterSpace(text, 0) + 1);
  while (text.charCodeAt(i) === QUOTE) {
    const keyEnd = afterString(text, i);
    const key = JSON.parse(text.slice(i, keyEnd)) as string;
    i = afterSpace(text, keyEnd);
    if (text.charCodeAt(i) === COLON) i = afterSpace(text, i + 1);
    const end = afterValue(text, i);
    members.set(key, text.slice(i, end));
    i = afterSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = afterSpace(text, i + 1);
  }
  return members;
}

/**
 * The items of a JSON array, each as the text that was written.
 * @param text JSON that JSON.parse takes, with an array at the top
 */
export function jsonItems(text: string): string[] {
  const items: string[] = [];
  let i = afterSpace(text, afterSpace(text, 0) + 1);
  while (i < text.length && text.charCodeAt(i) !== CLOSE_BRACKET) {
    const end = afterValue(text, i);
    items.push(text.slice(i, end));
    i = afterSpace(text, end);
    if (text.charCodeAt(i) === COMMA) i = afterSpace(text, i + 1);
  }
  return items;
}
