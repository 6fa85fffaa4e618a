import type { JsonWriting } from '#domain';
import { RenderError } from '../template/render-error.js';
import { readJson, TooDeepError, type JsonNode } from './json-node.js';
import { commonNumber, pythonNumber } from './python-number.js';

type Rewriting = Exclude<JsonWriting, 'as_given'>;

interface Style {
  number: (text: string) => string;
  order: (members: Map<string, JsonNode>) => Iterable<[string, JsonNode]>;
}

const STYLES: Record<Rewriting, Style> = {
  python_sorted: { number: pythonNumber, order: byCodePoint },
  python_or_javascript: { number: commonNumber, order: asJavaScriptHasThem },
};

/**
 * The same JSON in the text that receivers write who verify what they have
 * parsed (see JsonWriting). Whole numbers keep all their digits.
 * @param text JSON that JSON.parse takes
 * @throws RenderError when it nests so deep that such receivers could not read it
 */
export function rewriteJson(text: string, writing: Rewriting): string {
  try {
    return write(readJson(text), STYLES[writing]);
  } catch (error) {
    if (error instanceof TooDeepError) throw new RenderError(error.message, { cause: error });
    throw error;
  }
}

function write(node: JsonNode, style: Style): string {
  switch (node.kind) {
    case 'word':
      return node.text;
    case 'number':
      return style.number(node.text);
    case 'string':
      return ascii(node.value);
    case 'array':
      return `[${node.items.map((item) => write(item, style)).join(',')}]`;
    case 'object': {
      const members = Array.from(
        style.order(node.members),
        ([key, value]) => `${ascii(key)}:${write(value, style)}`,
      );
      return `{${members.join(',')}}`;
    }
  }
}

/** As Python's ensure_ascii has it: what is not printable ASCII is escaped, lower-case, each half of a pair apart. */
function ascii(value: string): string {
  return JSON.stringify(value).replaceAll(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function byCodePoint(members: Map<string, JsonNode>): [string, JsonNode][] {
  return [...members].sort(([a], [b]) => compareCodePoints(a, b));
}

/** Python sorts by code points; `<` of JavaScript sorts by UTF-16 units, in which pairs come before U+E000. */
function compareCodePoints(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i > 0 && isHighSurrogate(a.charCodeAt(i - 1))) i--;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

const MOST_INDEX = 2 ** 32 - 2;

/** JavaScript has keys that are array indexes first, ascending, whatever the text's order. */
function asJavaScriptHasThem(members: Map<string, JsonNode>): [string, JsonNode][] {
  const entries = [...members];
  const indexes = entries.filter(([key]) => isIndex(key)).sort(([a], [b]) => Number(a) - Number(b));
  return indexes.length === 0 ? entries : [...indexes, ...entries.filter(([key]) => !isIndex(key))];
}

function isIndex(key: string): boolean {
  return /^(0|[1-9]\d{0,9})$/.test(key) && Number(key) <= MOST_INDEX;
}
