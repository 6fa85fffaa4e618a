import { isOperationalType } from '../operational-events/operational-type.js';

/** What an event type may look like: segments of letters, digits, `_` and `-`, joined by dots. */
const EVENT_TYPE = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;
const MAX_LENGTH = 200;

export function isEventType(text: string): boolean {
  return text.length <= MAX_LENGTH && EVENT_TYPE.test(text);
}

/**
 * A pattern is an event type in which a segment may be `*` (exactly one
 * segment) and the last may be `>` (one segment or more). `*` alone means all.
 */
export function isEventTypePattern(text: string): boolean {
  if (text.length > MAX_LENGTH) return false;
  if (text === '*' || text === '>') return true;
  const segments = text.split('.');
  return segments.every((segment, i) =>
    segment === '>' ? i === segments.length - 1 : segment === '*' || isEventType(segment),
  );
}

/**
 * Whether an event type falls under a pattern. Operational events fall under
 * those only that name `tidings.`.
 * @param pattern one that isEventTypePattern accepts
 */
export function matchesEventType(pattern: string, type: string): boolean {
  if (pattern === type) return true;
  if (isOperationalType(type) && !isOperationalType(pattern)) return false;
  if (pattern === '*' || pattern === '>') return true;
  if (!pattern.includes('*') && !pattern.endsWith('>')) return false;
  const wanted = pattern.split('.');
  const given = type.split('.');
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === '>') return given.length > i;
    if (i >= given.length) return false;
    if (wanted[i] !== '*' && wanted[i] !== given[i]) return false;
  }
  return wanted.length === given.length;
}

/**
 * All patterns under which an event type falls: 8 for a type of two segments,
 * and twice as many with each further one; fewer for operational events.
 */
export function patternsThatMatch(type: string): string[] {
  const segments = type.split('.');
  const patterns = new Set(['*', '>']);
  let heads = [''];
  segments.forEach((segment, i) => {
    heads.forEach((head) => patterns.add(`${head}>`));
    const end = i === segments.length - 1 ? '' : '.';
    heads = heads.flatMap((head) => [`${head}${segment}${end}`, `${head}*${end}`]);
  });
  heads.forEach((head) => patterns.add(head));
  return isOperationalType(type) ? [...patterns].filter(isOperationalType) : [...patterns];
}
