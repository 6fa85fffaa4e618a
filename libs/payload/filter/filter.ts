import { lookUp, type FilterSubject, type Found } from './event-path.js';

/** What a filter compares with. */
export type Scalar = string | number | boolean | null;

/**
 * A filter made ready to be asked: paths are split and operands checked.
 * `at` says where in the filter a condition stands (`$or.1.data.total.$gte`).
 */
export type Condition =
  | { kind: 'all'; of: readonly Condition[] }
  | { kind: 'any'; at: string; of: readonly Condition[] }
  | { kind: 'not'; at: string; of: Condition }
  | { kind: 'test'; at: string; path: readonly string[]; test: Test };

export type Test =
  | { operator: '$eq' | '$ne'; operand: Scalar }
  | { operator: '$gt' | '$gte' | '$lt' | '$lte'; operand: number | string }
  | { operator: '$in' | '$nin'; operand: ReadonlySet<Scalar> }
  | { operator: '$exists'; operand: boolean }
  | { operator: '$prefix' | '$suffix'; operand: string }
  | { operator: '$contains'; operand: Scalar };

/** Whether an event passes. */
export function passes(condition: Condition, subject: FilterSubject): boolean {
  switch (condition.kind) {
    case 'all':
      for (const one of condition.of) if (!passes(one, subject)) return false;
      return true;
    case 'any':
      for (const one of condition.of) if (passes(one, subject)) return true;
      return false;
    case 'not':
      return !passes(condition.of, subject);
    case 'test':
      return holds(condition.test, lookUp(subject, condition.path));
  }
}

/** Where in the filter the first condition stands that the event fails; undefined when it passes. */
export function firstFailure(condition: Condition, subject: FilterSubject): string | undefined {
  if (condition.kind !== 'all') return passes(condition, subject) ? undefined : condition.at;
  for (const one of condition.of) {
    const failed = firstFailure(one, subject);
    if (failed !== undefined) return failed;
  }
  return undefined;
}

/** Comparisons are typed: a number is never equal to, less or greater than a string. */
function holds(test: Test, found: Found): boolean {
  switch (test.operator) {
    case '$exists':
      return found.present === test.operand;
    case '$ne':
      return !found.present || found.value !== test.operand;
    case '$nin':
      return !found.present || !test.operand.has(found.value as Scalar);
    case '$eq':
      return found.present && found.value === test.operand;
    case '$in':
      return found.present && test.operand.has(found.value as Scalar);
    case '$gt':
      return comparable(found.value, test.operand) && found.value > test.operand;
    case '$gte':
      return comparable(found.value, test.operand) && found.value >= test.operand;
    case '$lt':
      return comparable(found.value, test.operand) && found.value < test.operand;
    case '$lte':
      return comparable(found.value, test.operand) && found.value <= test.operand;
    case '$prefix':
      return typeof found.value === 'string' && found.value.startsWith(test.operand);
    case '$suffix':
      return typeof found.value === 'string' && found.value.endsWith(test.operand);
    case '$contains':
      if (Array.isArray(found.value)) return found.value.includes(test.operand);
      return (
        typeof found.value === 'string' &&
        typeof test.operand === 'string' &&
        found.value.includes(test.operand)
      );
  }
}

function comparable(value: unknown, operand: number | string): value is number | string {
  return typeof value === typeof operand;
}
