import type { Value } from '../value.js';

/** What stands after the filter's name: literals and, where it wants them, values of other paths. */
export type FilterArgument = { literal: unknown } | { path: Value };

/** Makes one value of another. Never throws, whatever it is given. */
export type Filter = (value: Value, argument: FilterArgument | undefined) => Value;

/** A family of filters: what they are called, what they want, what they do. */
export type Filters = Record<string, { argument: 'none' | 'number' | 'literal' | 'path'; apply: Filter }>;

export function numberOf(argument: FilterArgument | undefined, otherwise: number): number {
  return argument && 'literal' in argument && typeof argument.literal === 'number'
    ? argument.literal
    : otherwise;
}
