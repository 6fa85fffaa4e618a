/** JSON as it was written: numbers as their text, so that no digit is lost. */
export type JsonNode =
  | { kind: 'word'; text: 'true' | 'false' | 'null' }
  | { kind: 'number'; text: string }
  | { kind: 'string'; value: string }
  | { kind: 'array'; items: JsonNode[] }
  | { kind: 'object'; members: Map<string, JsonNode> };

/** Deeper than this, Python's own reader gives up (its recursion limit is 1,000). */
export const MOST_LEVELS = 900;

/** A text nests deeper than MOST_LEVELS. */
export class TooDeepError extends Error {
  override readonly name = 'TooDeepError';
}

/**
 * @param text JSON that JSON.parse takes
 * @returns its values; of a repeated key the first place and the last value, as Python and JavaScript have it
 * @throws TooDeepError
 */
export function readJson(text: string): JsonNode {
  return new Reader(text).value(0);
}

const STRING = /"(?:[^"\\]|\\.)*"/y;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  value(level: number): JsonNode {
    if (level > MOST_LEVELS) throw new TooDeepError(`The JSON nests deeper than ${MOST_LEVELS} levels.`);
    this.take(SPACE);
    const node = this.node(level);
    this.take(SPACE);
    return node;
  }

  private node(level: number): JsonNode {
    const first = this.text.charAt(this.at);
    if (first === '{') return { kind: 'object', members: this.members(level) };
    if (first === '[') return { kind: 'array', items: this.items(level) };
    if (first === '"') return { kind: 'string', value: this.string() };
    if (/[tfn]/.test(first)) return { kind: 'word', text: this.take(WORD) as 'true' | 'false' | 'null' };
    return { kind: 'number', text: this.take(NUMBER) };
  }

  private members(level: number): Map<string, JsonNode> {
    const members = new Map<string, JsonNode>();
    for (this.at++; !this.ends('}'); this.skip(',')) {
      const key = this.string();
      this.take(SPACE);
      this.at++;
      members.set(key, this.value(level + 1));
    }
    return members;
  }

  private items(level: number): JsonNode[] {
    const items: JsonNode[] = [];
    for (this.at++; !this.ends(']'); this.skip(',')) items.push(this.value(level + 1));
    return items;
  }

  private ends(close: string): boolean {
    this.take(SPACE);
    if (this.text[this.at] !== close) return false;
    this.at++;
    return true;
  }

  private skip(separator: string): void {
    if (this.text[this.at] === separator) this.at++;
  }

  private string(): string {
    const text = this.take(STRING);
    return text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1);
  }

  private take(token: RegExp): string {
    token.lastIndex = this.at;
    const [text] = token.exec(this.text) ?? [];
    if (text === undefined) throw new SyntaxError(`no JSON at character ${this.at + 1}`);
    this.at += text.length;
    return text;
  }
}
