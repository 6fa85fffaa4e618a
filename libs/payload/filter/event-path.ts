/** What a filter looks at: an event, its data and metadata parsed. */
export interface FilterSubject {
  type: string;
  data: unknown;
  metadata: unknown;
}

/** What stands at a path. A member that is null is present. */
export interface Found {
  present: boolean;
  value: unknown;
}

const ABSENT: Found = { present: false, value: undefined };
const INDEX = /^(0|[1-9]\d{0,8})$/;

/**
 * What stands at a path of an event. Only members of its own count, so
 * `__proto__`, `constructor` or a list's `length` are absent unless the
 * publisher wrote them.
 */
export function lookUp(subject: FilterSubject, path: readonly string[]): Found {
  let value: unknown = subject;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return ABSENT;
    if (Array.isArray(value) && !INDEX.test(segment)) return ABSENT;
    value = (value as Record<string, unknown>)[segment];
  }
  return { present: true, value };
}

const ROOTS = ['type', 'data', 'metadata'];
const MAX_LENGTH = 256;
const MAX_SEGMENTS = 16;

/** The segments of a path such as `data.items.0.sku`; or what is wrong with it. */
export function readPath(text: string): { segments: string[] } | { fault: string } {
  const segments = text.split('.');
  if (!ROOTS.includes(segments[0] ?? '') || (segments[0] === 'type' && segments.length > 1))
    return { fault: 'must be type, or a path into data or metadata such as data.priority' };
  if (text.length > MAX_LENGTH) return { fault: `must be a path of at most ${MAX_LENGTH} characters` };
  if (segments.length > MAX_SEGMENTS)
    return { fault: `must be a path of at most ${MAX_SEGMENTS} segments, but has ${segments.length}` };
  // PostgreSQL's jsonb holds neither.
  if (!text.isWellFormed() || text.includes('\0'))
    return { fault: 'must be a path without NUL and broken Unicode' };
  if (segments.includes('')) return { fault: 'must be a path without empty segments' };
  return { segments };
}
