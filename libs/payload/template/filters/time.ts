import { Value } from '../value.js';
import type { Filters } from './filter.js';

/** Milliseconds since 1970 of an RFC 3339 time; what is none stays as it is. */
function withTime(value: Value, write: (ms: number) => unknown): Value {
  const ms = typeof value.parsed === 'string' ? Date.parse(value.parsed) : NaN;
  return Number.isNaN(ms) ? value : Value.of(write(ms));
}

/** RFC 3339 in UTC without a fraction. */
function seconds(value: Value): Value {
  return withTime(value, (ms) => `${new Date(ms).toISOString().slice(0, -'.000Z'.length)}Z`);
}

function unix(value: Value): Value {
  return withTime(value, (ms) => Math.floor(ms / 1_000));
}

function unixMs(value: Value): Value {
  return withTime(value, (ms) => ms);
}

/** The day alone, `2026-11-23`. */
function date(value: Value): Value {
  return withTime(value, (ms) => new Date(ms).toISOString().slice(0, 'yyyy-mm-dd'.length));
}

export const TIME_FILTERS: Filters = {
  seconds: { argument: 'none', apply: seconds },
  unix: { argument: 'none', apply: unix },
  unix_ms: { argument: 'none', apply: unixMs },
  date: { argument: 'none', apply: date },
};
