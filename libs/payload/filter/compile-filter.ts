import { readPath } from './event-path.js';
import type { Condition, Scalar, Test } from './filter.js';

export const FILTER_LIMITS = {
  /** Of `$and`, `$or` and `$not` within each other. */
  depth: 8,
  conditions: 100,
  /** Of `$in` and `$nin`. */
  values: 100,
  /** Of a text that is compared with. */
  characters: 1_024,
  /** Of the whole filter as JSON. */
  bytes: 16_384,
} as const;

/** A filter of a megabyte of mistakes is not answered with megabytes. */
const FAULTS_TOLD = 20;

/** What is wrong with a filter and where, the segments joined by dots. */
export interface FilterFault {
  path: string;
  message: string;
}

export type CompiledFilter = { ok: true; condition: Condition } | { ok: false; faults: FilterFault[] };

/**
 * Reads a filter: `{"data.total":{"$gte":100},"$or":[...]}`. Members of one
 * object must all hold. There are no regular expressions and no code is made,
 * and the limits bound what asking it costs.
 */
export function compileFilter(filter: unknown): CompiledFilter {
  const reading = new Reading();
  const condition = reading.all(filter, [], 1);
  if (reading.faults.length === 0) {
    const bytes = Buffer.byteLength(JSON.stringify(filter));
    if (bytes > FILTER_LIMITS.bytes)
      reading.fault([], `must have at most ${FILTER_LIMITS.bytes} bytes, but has ${bytes}`);
  }
  const { faults } = reading;
  return faults.length === 0 ? { ok: true, condition } : { ok: false, faults };
}

const NOTHING: Condition = { kind: 'all', of: [] };

class Reading {
  readonly faults: FilterFault[] = [];
  private conditions = 0;

  fault(at: readonly string[], message: string): void {
    if (this.faults.length < FAULTS_TOLD) this.faults.push({ path: at.join('.'), message });
  }

  all(filter: unknown, at: readonly string[], depth: number): Condition {
    const members = this.members(filter, at, 'a condition');
    if (members.length === 0) return NOTHING;
    if (depth > FILTER_LIMITS.depth) {
      this.fault(at, `must not be nested more than ${FILTER_LIMITS.depth} deep`);
      return NOTHING;
    }
    return {
      kind: 'all',
      of: members.map(([key, value]) =>
        key.startsWith('$')
          ? this.joined(key, value, [...at, key], depth)
          : this.tests(key, value, [...at, key]),
      ),
    };
  }

  private joined(key: string, value: unknown, at: readonly string[], depth: number): Condition {
    if (key === '$not') return { kind: 'not', at: at.join('.'), of: this.all(value, at, depth + 1) };
    if (key !== '$and' && key !== '$or') {
      this.fault(at, 'is not an operator here; there are $and, $or and $not');
      return NOTHING;
    }
    if (!Array.isArray(value) || value.length === 0) {
      this.fault(at, 'must be a list of at least one filter');
      return NOTHING;
    }
    const of = value.map((each, i) => this.all(each, [...at, String(i)], depth + 1));
    return key === '$and' ? { kind: 'all', of } : { kind: 'any', at: at.join('.'), of };
  }

  private tests(key: string, value: unknown, at: readonly string[]): Condition {
    const path = readPath(key);
    if ('fault' in path) {
      this.fault(at, path.fault);
      return NOTHING;
    }
    const members: [string, unknown][] = isScalar(value)
      ? [['$eq', value]]
      : this.members(value, at, 'a value or an operator such as $gte');
    const of = members.flatMap(([operator, operand]): Condition[] => {
      if (++this.conditions === FILTER_LIMITS.conditions + 1)
        this.fault([], `must have at most ${FILTER_LIMITS.conditions} conditions`);
      const where = isScalar(value) ? at : [...at, operator];
      const test = this.test(operator, operand, where);
      return test ? [{ kind: 'test', at: where.join('.'), path: path.segments, test }] : [];
    });
    const [only] = of;
    return of.length === 1 && only ? only : { kind: 'all', of };
  }

  private test(operator: string, operand: unknown, at: readonly string[]): Test | undefined {
    switch (operator) {
      case '$eq':
      case '$ne':
      case '$contains':
        return this.scalar(operand, at) ? { operator, operand } : undefined;
      case '$gt':
      case '$gte':
      case '$lt':
      case '$lte':
        if (typeof operand !== 'number' && typeof operand !== 'string')
          return this.fault(at, 'must be a number or a text') as undefined;
        return this.scalar(operand, at) ? { operator, operand } : undefined;
      case '$prefix':
      case '$suffix':
        if (typeof operand !== 'string') return this.fault(at, 'must be a text') as undefined;
        return this.scalar(operand, at) ? { operator, operand } : undefined;
      case '$exists':
        if (typeof operand !== 'boolean') return this.fault(at, 'must be true or false') as undefined;
        return { operator, operand };
      case '$in':
      case '$nin':
        return this.among(operator, operand, at);
      default:
        this.fault(
          at,
          'is not an operator; a value is compared with $eq, $ne, $gt, $gte, $lt, $lte, $in, ' +
            '$nin, $exists, $prefix, $suffix or $contains',
        );
        return undefined;
    }
  }

  private among(operator: '$in' | '$nin', operand: unknown, at: readonly string[]): Test | undefined {
    if (!Array.isArray(operand) || operand.length === 0 || operand.length > FILTER_LIMITS.values) {
      this.fault(at, `must be a list of 1 to ${FILTER_LIMITS.values} values`);
      return undefined;
    }
    const values = operand.filter((value, i): value is Scalar => this.scalar(value, [...at, String(i)]));
    return { operator, operand: new Set(values) };
  }

  private scalar(value: unknown, at: readonly string[]): value is Scalar {
    if (!isScalar(value)) {
      this.fault(at, 'must be a text, a number, true, false or null');
      return false;
    }
    if (typeof value !== 'string') return true;
    if (value.length > FILTER_LIMITS.characters)
      this.fault(at, `must have at most ${FILTER_LIMITS.characters} characters, but has ${value.length}`);
    // PostgreSQL's jsonb holds neither.
    else if (!value.isWellFormed() || value.includes('\0'))
      this.fault(at, 'must hold no NUL and no broken Unicode');
    return true;
  }

  /** The members of an object that has some; of anything else none, and that is a fault. */
  private members(value: unknown, at: readonly string[], wanted: string): [string, unknown][] {
    const members =
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
    if (members.length === 0) this.fault(at, `must hold ${wanted}`);
    return members;
  }
}

function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
