import { Value } from './value.js';

/** Stands for what was left out. */
export const MORE = '…';

/** The text, or its beginning and `…`: at most so many UTF-16 units, and no half of a character. */
export function bounded(text: string, most: number): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, Math.max(0, most - MORE.length));
  const last = cut.charCodeAt(cut.length - 1);
  return (last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut) + MORE;
}

/** As many lines as fit into so many UTF-16 units, with `…` for those that do not. */
export function boundedLines(lines: readonly string[], most: number): string {
  const taken: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > most - MORE.length) return [...taken, MORE].join('\n');
    taken.push(line);
  }
  return taken.join('\n');
}

/** The first members of an object as key and text, of an array by their place, and how many there are. */
export interface Entries {
  first: [string, string][];
  count: number;
}

/**
 * @param most how many are read as text: an event may have a hundred thousand, of which nobody sees more than some
 * @returns null for a value that has no members
 */
export function entriesOf(value: Value, most: number): Entries | null {
  const { members } = value;
  if (members === null) return null;
  const first: [string, string][] = [];
  for (const [key, raw] of members) {
    if (first.length === most) break;
    first.push([key, readable(raw)]);
  }
  return { first, count: members.size };
}

/** A value as people read it, whatever it is. */
export function readable(json: string): string {
  return json === 'null' ? json : Value.ofText(json).text;
}
