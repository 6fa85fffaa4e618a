import type { Fault } from '#domain';
import type { TemplateField, WebhookTemplate } from './webhook-template.js';

type Values = Readonly<Record<string, string>>;

export interface Filled {
  /** The body of a POST of a webhook. */
  webhook: Record<string, unknown>;
  /** Which field a member of it was made of, by the member's path. */
  madeOf: Map<string, string>;
}

const PLACE = /<<([a-z_]+)>>/g;

/** What is wrong with the values of a template's fields; the paths begin with `fields`. */
export function fieldFaults(fields: readonly TemplateField[], values: Values): Fault[] {
  const known = new Set(fields.map(({ name }) => name));
  return [
    ...fields
      .filter(({ name, required }) => required && !Object.hasOwn(values, name))
      .map(({ name }) => ({ path: `fields.${name}`, message: 'is required' })),
    ...Object.keys(values)
      .filter((name) => !known.has(name))
      .map((name) => ({ path: `fields.${name}`, message: 'is not a field of this template' })),
  ];
}

/**
 * Puts values in. In a URL they are encoded, but for one that is the whole URL; in a body, for JSON.
 * @param values those that fieldFaults has nothing against
 */
export function fillTemplate({ webhook }: WebhookTemplate, values: Values): Filled {
  const madeOf = new Map<string, string>();
  return { webhook: fillMembers(webhook, '', values, madeOf), madeOf };
}

function fillMembers(
  members: Readonly<Record<string, unknown>>,
  path: string,
  values: Values,
  madeOf: Map<string, string>,
): Record<string, unknown> {
  const filled: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(members)) {
    const place = path === '' ? name : `${path}.${name}`;
    const value = fill(member, place, values, madeOf);
    if (value !== undefined) filled[name] = value;
  }
  return filled;
}

/** Undefined where a value is left out. */
function fill(member: unknown, path: string, values: Values, madeOf: Map<string, string>): unknown {
  if (typeof member === 'object' && member !== null && !Array.isArray(member))
    return fillMembers(member as Record<string, unknown>, path, values, madeOf);
  if (typeof member !== 'string') return member;
  const names = Array.from(member.matchAll(PLACE), ([, name = '']) => name);
  if (names.some((name) => !Object.hasOwn(values, name))) return undefined;
  const [first] = names;
  if (first !== undefined) madeOf.set(path, first);
  const whole = member === `<<${first}>>`;
  return member.replaceAll(PLACE, (_, name: string) => {
    const value = values[name] ?? '';
    if (path === 'format.body') return JSON.stringify(value).slice(1, -1);
    return path === 'url' && !whole ? encodeURIComponent(value) : value;
  });
}
