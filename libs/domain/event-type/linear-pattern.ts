/** A regular expression that Tidings does not take; the message says what it is that it cannot hold. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** Characters of a pattern, and steps of its program. Both bound what checking one character can cost. */
const MAX_LENGTH = 500;
const MAX_STEPS = 500;
/** Nodes visited while the program is written: repetitions of nothing write no step, yet take their time. */
const MAX_VISITS = 10_000;

type Node =
  | { kind: 'character'; matches: (character: string, code: number) => boolean }
  | { kind: 'start' }
  | { kind: 'end' }
  | { kind: 'sequence'; parts: Node[] }
  | { kind: 'either'; options: Node[] }
  | { kind: 'repeat'; of: Node; min: number; max: number };

type Step =
  | { kind: 'character'; matches: (character: string, code: number) => boolean }
  | { kind: 'start' | 'end' | 'found' }
  | { kind: 'fork'; to: number[] };

/**
 * A regular expression of ECMAScript (flag `u`) that is searched for in time
 * proportional to text times pattern, whatever either holds: all ways to match
 * are followed side by side (Thompson), none is ever taken back. What cannot be
 * done so, look-around and back references, is refused.
 */
export class LinearPattern {
  private readonly program: Step[] = [];
  private visits = 0;

  /** @throws PatternError */
  constructor(readonly source: string) {
    if (source.length > MAX_LENGTH)
      throw new PatternError(`has ${source.length} characters, but may have ${MAX_LENGTH}`);
    try {
      new RegExp(source, 'u');
    } catch (error) {
      throw new PatternError(`is no regular expression: ${(error as Error).message}`, { cause: error });
    }
    this.write(new PatternReader(source).read());
    this.program.push({ kind: 'found' });
  }

  /** Steps of the program: what a character of the text costs at most. */
  get cost(): number {
    return this.program.length;
  }

  /** Whether the text holds a match, anywhere unless `^` and `$` say where. */
  test(text: string): boolean {
    // By step, the last place in the text at which it was reached: one place never follows it twice.
    const reached = new Int32Array(this.program.length).fill(-1);
    let waiting: number[] = [];
    for (let at = 0; ;) {
      const code = text.codePointAt(at);
      // The waiting steps were reached at this place by the character before it.
      if (this.follow(0, waiting, reached, at, text.length)) return true;
      if (code === undefined) return false;
      const character = String.fromCodePoint(code);
      const next: number[] = [];
      const after = at + character.length;
      for (const index of waiting) {
        const step = this.program[index];
        if (step?.kind === 'character' && step.matches(character, code))
          if (this.follow(index + 1, next, reached, after, text.length)) return true;
      }
      waiting = next;
      at = after;
    }
  }

  toString(): string {
    return this.source;
  }

  /** Adds what waits for a character from a step on; true when the end of the program is reached. */
  private follow(from: number, waiting: number[], reached: Int32Array, at: number, length: number): boolean {
    const open = [from];
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      const step = this.program[index];
      if (!step || reached[index] === at) continue;
      reached[index] = at;
      if (step.kind === 'found') return true;
      if (step.kind === 'character') waiting.push(index);
      else if (step.kind === 'fork') open.push(...step.to);
      else if (step.kind === 'start' ? at === 0 : at === length) open.push(index + 1);
    }
    return false;
  }

  private write(node: Node): void {
    if (++this.visits > MAX_VISITS || this.program.length > MAX_STEPS)
      throw new PatternError(`repeats too much: written out it has more than ${MAX_STEPS} steps`);
    switch (node.kind) {
      case 'character':
      case 'start':
      case 'end':
        this.program.push(node);
        return;
      case 'sequence':
        for (const part of node.parts) this.write(part);
        return;
      case 'either':
        return this.writeEither(node.options);
      case 'repeat':
        return this.writeRepeat(node.of, node.min, node.max);
    }
  }

  private fork(): number[] {
    const to: number[] = [];
    this.program.push({ kind: 'fork', to });
    return to;
  }

  private writeEither(options: Node[]): void {
    const choice = this.fork();
    const ends: number[][] = [];
    for (const option of options) {
      choice.push(this.program.length);
      this.write(option);
      ends.push(this.fork());
    }
    for (const end of ends) end.push(this.program.length);
  }

  private writeRepeat(of: Node, min: number, max: number): void {
    for (let i = 0; i < min; i++) this.write(of);
    if (max === Infinity) {
      const start = this.program.length;
      const choice = this.fork();
      choice.push(this.program.length);
      this.write(of);
      this.fork().push(start);
      choice.push(this.program.length);
      return;
    }
    const skips: number[][] = [];
    for (let i = min; i < max; i++) {
      const choice = this.fork();
      choice.push(this.program.length);
      skips.push(choice);
      this.write(of);
    }
    for (const skip of skips) skip.push(this.program.length);
  }
}

/** Reads a pattern that RegExp has found well formed. */
class PatternReader {
  private at = 0;

  constructor(private readonly source: string) {}

  read(): Node {
    return this.alternatives();
  }

  private alternatives(): Node {
    const options = [this.sequence()];
    while (this.take('|')) options.push(this.sequence());
    return options.length === 1 && options[0] ? options[0] : { kind: 'either', options };
  }

  private sequence(): Node {
    const parts: Node[] = [];
    while (this.at < this.source.length && !'|)'.includes(this.source.charAt(this.at)))
      parts.push(this.repeated(this.atom()));
    return { kind: 'sequence', parts };
  }

  private repeated(of: Node): Node {
    const [text, min, comma, max] = this.match(/(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y) ?? [];
    if (text === undefined) return of;
    if (text.startsWith('*')) return { kind: 'repeat', of, min: 0, max: Infinity };
    if (text.startsWith('+')) return { kind: 'repeat', of, min: 1, max: Infinity };
    if (text.startsWith('?')) return { kind: 'repeat', of, min: 0, max: 1 };
    const upTo = comma === '' ? Number(min) : max === '' ? Infinity : Number(max);
    return { kind: 'repeat', of, min: Number(min), max: upTo };
  }

  private atom(): Node {
    if (this.take('^')) return { kind: 'start' };
    if (this.take('$')) return { kind: 'end' };
    if (this.take('(')) {
      if (!this.match(/\?:|\?<[^=!>]+>|(?!\?)/y))
        throw new PatternError('holds look-around or modifiers, which are not taken');
      const inside = this.alternatives();
      this.take(')');
      return inside;
    }
    if (this.match(/\\(?:[1-9k])/y)) throw new PatternError('holds a back reference, which is not taken');
    if (this.match(/\\[bB]/y)) throw new PatternError('holds \\b, which is not taken');
    const [text = ''] =
      this.match(/\[(?:\\[^]|[^\]\\])*\]/y) ??
      this.match(
        /\\(?:u[dD][89abAB]\p{AHex}{2}\\u[dD][c-fC-F]\p{AHex}{2}|u\{\p{AHex}+\}|u\p{AHex}{4}|x\p{AHex}{2}|[pP]\{[^}]*\}|c[A-Za-z]|[^])/uy,
      ) ??
      this.match(/[^]/uy) ??
      [];
    return { kind: 'character', matches: characterTest(text) };
  }

  private take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  private match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.source);
    if (found) this.at += found[0].length;
    return found;
  }
}

const ASCII = 128;

/** One character is all that RegExp is given here, so it has nothing to go back over. */
function characterTest(text: string): (character: string, code: number) => boolean {
  const one = new RegExp(`^${text}$`, 'u');
  const ascii = Array.from({ length: ASCII }, (_, code) => one.test(String.fromCharCode(code)));
  return (character, code) => (code < ASCII ? ascii[code] === true : one.test(character));
}
