import { ESCAPES, type Context } from './contexts.js';
import { evaluate, readExpression, TemplateFault, type Expression } from './expression.js';
import { RenderError, MOST_BYTES } from './render-error.js';
import type { Scope } from './scope.js';

/** Text as it stands, or what an expression gives there. */
type Part = string | Hole;

interface Hole {
  expression: Expression;
  context: Context;
  /** Nothing but the data as a value: their bytes go in as they are. */
  isData: boolean;
}

export const MOST_HOLES = 500;

/**
 * A template, read once. In JSON, a placeholder outside of quotes stands for a
 * JSON value and one inside for text, escaped: so what renders to JSON for one
 * event does for every event.
 */
export class Template {
  private constructor(private readonly parts: readonly Part[]) {}

  /**
   * @param context what the text is, outside of the quotes of JSON
   * @throws TemplateFault
   */
  static read(text: string, context: Exclude<Context, 'json_string'>): Template {
    const parts: Part[] = [];
    let inString = false;
    let at = 0;
    let holes = 0;
    for (;;) {
      const open = openingAt(text, at);
      const literal = text.slice(at, open);
      if (literal !== '') parts.push(literal);
      if (context === 'json') inString = isInString(literal, inString);
      if (inString && open < text.length && /(^|[^\\])(\\\\)*\\$/.test(literal))
        throw new TemplateFault(`has a backslash right before the {{ at character ${open + 1}`);
      if (open === text.length) return new Template(parts);
      const close = closingAt(text, open);
      if (close === -1) throw new TemplateFault(`has {{ at character ${open + 1} and no }} after it`);
      if (++holes > MOST_HOLES) throw new TemplateFault(`has more than ${MOST_HOLES} placeholders`);
      const expression = readExpression(text.slice(open + 2, close));
      parts.push(holeOf(expression, inString ? 'json_string' : context));
      at = close + 2;
    }
  }

  /** @throws RenderError when it would be larger than requests may be */
  bytes(scope: Scope): Buffer {
    const pieces: Uint8Array[] = [];
    let text = '';
    let length = 0;
    for (const part of this.parts) {
      if (typeof part === 'string') text += part;
      else if (part.isData) {
        const before = Buffer.from(text);
        pieces.push(before, scope.event.data);
        length += before.length + scope.event.data.length;
        text = '';
      } else text += ESCAPES[part.context](evaluate(part.expression, scope));
      if (length + text.length > MOST_BYTES) throw RenderError.tooLarge();
    }
    pieces.push(Buffer.from(text));
    return Buffer.concat(pieces);
  }

  /** @throws RenderError when it would be larger than requests may be */
  text(scope: Scope): string {
    let text = '';
    for (const part of this.parts) {
      text += typeof part === 'string' ? part : ESCAPES[part.context](evaluate(part.expression, scope));
      if (text.length > MOST_BYTES) throw RenderError.tooLarge();
    }
    return text;
  }

  /**
   * What comes of it when each placeholder is an empty object, or a letter
   * within quotes. Where that is JSON, every placeholder stands where any value
   * can, and what comes of it is JSON for every event.
   */
  get probe(): string {
    return this.parts.map((part) => (typeof part === 'string' ? part : probeOf(part))).join('');
  }

  /** Whether it says the same of every event. */
  get isConstant(): boolean {
    return this.parts.every((part) => typeof part === 'string');
  }
}

function holeOf(expression: Expression, context: Context): Hole {
  const { path, filters } = expression;
  if (path.root === 'cloudevent_attributes' && context !== 'json')
    throw new TemplateFault('has cloudevent_attributes where no members of an object can stand');
  const isData =
    context === 'json' && path.root === 'data' && path.steps.length === 0 && filters.length === 0;
  return { expression, context, isData };
}

function probeOf({ context, expression }: Hole): string {
  if (context !== 'json') return 'x';
  return expression.path.root === 'cloudevent_attributes' ? '"x":1' : '{}';
}

/** Where the next `{{` is; of `{{{` the first brace is text. The text's length when there is none. */
function openingAt(text: string, from: number): number {
  const open = text.indexOf('{{', from);
  if (open === -1) return text.length;
  return text.charAt(open + 2) === '{' ? open + 1 : open;
}

/** Where the `}}` is that ends the placeholder; those within quotes and braces are not it. -1 when there is none. */
function closingAt(text: string, open: number): number {
  let depth = 0;
  let quote = '';
  for (let i = open + 2; i < text.length; i++) {
    const character = text.charAt(i);
    if (quote !== '') {
      if (character === '\\' && quote === '"') i++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '{') depth++;
    else if (character === '}') {
      if (depth === 0) return text.charAt(i + 1) === '}' ? i : -1;
      depth--;
    }
  }
  return -1;
}

/** Whether JSON is within a string after this piece of it. */
function isInString(json: string, before: boolean): boolean {
  let inString = before;
  for (let i = 0; i < json.length; i++) {
    const character = json.charAt(i);
    if (inString && character === '\\') i++;
    else if (character === '"') inString = !inString;
  }
  return inString;
}
