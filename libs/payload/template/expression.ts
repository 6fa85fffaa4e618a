import { FILTERS } from './filters/all-filters.js';
import type { Filter, FilterArgument } from './filters/filter.js';
import { ROOTS, type Path, type Root, type Scope } from './scope.js';
import type { Value } from './value.js';

/** What stands between `{{` and `}}`: a path and the filters that it goes through. */
export interface Expression {
  path: Path;
  filters: { apply: Filter; argument: { literal: unknown } | { path: Path } | undefined }[];
}

export const EXPRESSION_LIMITS = { steps: 20, filters: 10 } as const;

/** What a template says that cannot be understood, in words that follow `has ` or `must `. */
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault';
}

/** @throws TemplateFault */
export function readExpression(text: string): Expression {
  const [first = '', ...rest] = partsBetweenPipes(text);
  if (rest.length > EXPRESSION_LIMITS.filters)
    throw new TemplateFault(`has more than ${EXPRESSION_LIMITS.filters} filters in one place`);
  const path = readPath(first.trim());
  if (path.root === 'cloudevent_attributes' && (rest.length > 0 || path.steps.length > 0))
    throw new TemplateFault(
      'has filters or paths behind cloudevent_attributes, which are members, not a value',
    );
  return { path, filters: rest.map((filter) => readFilter(filter.trim())) };
}

/** @throws RenderError when the templates of this request have done more than they may */
export function evaluate({ path, filters }: Expression, scope: Scope): Value {
  let value = scope.valueAt(path);
  for (const { apply, argument } of filters) {
    scope.spend(value.json.length);
    value = apply(value, argumentIn(argument, scope));
  }
  // What it is escaped for goes through it once more.
  scope.spend(value.json.length);
  return value;
}

function argumentIn(
  argument: Expression['filters'][number]['argument'],
  scope: Scope,
): FilterArgument | undefined {
  return argument && 'path' in argument ? { path: scope.valueAt(argument.path) } : argument;
}

/** @throws TemplateFault */
function readPath(text: string): Path {
  const [root, ...steps] = (text.startsWith('event.') ? text.slice('event.'.length) : text).split('.');
  if (!ROOTS.some((each) => each === root))
    throw new TemplateFault(`has {{${short(text)}}}, but paths begin with ${ROOTS.join(', ')}`);
  if (steps.length > EXPRESSION_LIMITS.steps)
    throw new TemplateFault(`has a path of more than ${EXPRESSION_LIMITS.steps} steps`);
  if (steps.some((step) => step === ''))
    throw new TemplateFault(`has a path with an empty step: ${short(text)}`);
  if (steps.length > 0 && root !== 'data' && root !== 'metadata')
    throw new TemplateFault(`has the path ${short(text)}, but ${root} has no members`);
  return { root: root as Root, steps };
}

/** @throws TemplateFault */
function readFilter(text: string): Expression['filters'][number] {
  const [, name = '', given] = /^([a-z_]*)\s*(?::\s*(.*))?$/s.exec(text) ?? [];
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (filter === undefined)
    throw new TemplateFault(
      `has the filter ${short(text)}, but there are only ${Object.keys(FILTERS).join(', ')}`,
    );
  const { apply, argument } = filter;
  if (given === undefined) {
    if (argument === 'literal' || argument === 'path')
      throw new TemplateFault(`has the filter ${name} without what it needs after a colon`);
    return { apply, argument: undefined };
  }
  if (argument === 'none')
    throw new TemplateFault(`has the filter ${name} with an argument, which it does not take`);
  if (argument === 'path') return { apply, argument: { path: readPath(given.trim()) } };
  const literal = readLiteral(given.trim());
  if (argument === 'number' && typeof literal !== 'number')
    throw new TemplateFault(`has the filter ${name} with ${short(given)}, which is no number`);
  return { apply, argument: { literal } };
}

/** @throws TemplateFault */
function readLiteral(text: string): unknown {
  const [, quoted] = /^'([^']*)'$/s.exec(text) ?? [];
  if (quoted !== undefined) return quoted;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new TemplateFault(`has ${short(text)}, which is neither JSON nor a text in single quotes`);
  }
}

/** Splits at `|`, those in quotes apart. */
function partsBetweenPipes(text: string): string[] {
  const parts: string[] = [];
  let begin = 0;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i);
    if (quote !== '') {
      if (character === '\\' && quote === '"') i++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '|') {
      parts.push(text.slice(begin, i));
      begin = i + 1;
    }
  }
  return [...parts, text.slice(begin)];
}

function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
