import { Value } from '../value.js';
import { bounded, boundedLines, entriesOf, readable } from '../bounded-text.js';
import { numberOf, type FilterArgument, type Filters } from './filter.js';

const LINES_LENGTH = 2_000;

function orElse(value: Value, argument: FilterArgument | undefined): Value {
  if (value.isSomething || argument === undefined) return value;
  return 'path' in argument ? argument.path : Value.of(argument.literal);
}

/** Absent where the value is none of those in the list. */
function oneOf(value: Value, argument: FilterArgument | undefined): Value {
  const list = argument && 'literal' in argument ? argument.literal : undefined;
  return Array.isArray(list) && list.some((each) => each === value.text) ? value : Value.ABSENT;
}

function json(value: Value): Value {
  return Value.of(value.json);
}

function upper(value: Value): Value {
  return Value.of(value.text.toUpperCase());
}

function lower(value: Value): Value {
  return Value.of(value.text.toLowerCase());
}

/** `order.created` and `task_created` as `Order created` and `Task created`. */
function title(value: Value): Value {
  const words = value.text.replaceAll(/[._-]+/g, ' ').trim();
  return Value.of(words.charAt(0).toUpperCase() + words.slice(1));
}

function truncate(value: Value, argument: FilterArgument | undefined): Value {
  return Value.of(bounded(value.text, Math.max(1, numberOf(argument, LINES_LENGTH))));
}

/** The members of an object, `key: value` in a line each. */
function lines(value: Value, argument: FilterArgument | undefined): Value {
  const most = Math.max(1, numberOf(argument, LINES_LENGTH));
  // The shortest line has three characters: those of more members would not fit.
  const entries = entriesOf(value, Math.ceil(most / 3) + 1)?.first.map(([key, text]) => `${key}: ${text}`);
  return Value.of(boundedLines(entries ?? [readable(value.json)], most));
}

export const GENERAL_FILTERS: Filters = {
  default: { argument: 'literal', apply: orElse },
  or: { argument: 'path', apply: orElse },
  one_of: { argument: 'literal', apply: oneOf },
  json: { argument: 'none', apply: json },
  upper: { argument: 'none', apply: upper },
  lower: { argument: 'none', apply: lower },
  title: { argument: 'none', apply: title },
  truncate: { argument: 'number', apply: truncate },
  lines: { argument: 'number', apply: lines },
};
