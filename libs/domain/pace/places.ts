import type { AttemptErrorKind } from '../journal/facts.js';

/** With how many attempts at once a webhook begins of which nothing is known yet. */
export const FIRST_PLACES = 2;

/**
 * What an attempt says about how many its receiver can take:
 * - `taken`: 2xx
 * - `unreached`: no answer in time, or no connection; such an attempt holds its place the longest
 * - `neutral`: anything else
 */
export type PlaceSign = 'taken' | 'unreached' | 'neutral';

const UNREACHED: ReadonlySet<AttemptErrorKind> = new Set(['timeout', 'dns', 'connect', 'tls', 'reset']);

/** Reads an attempt's result as a sign. */
export function placeSign(result: { status: number } | { kind: AttemptErrorKind }): PlaceSign {
  if ('kind' in result) return UNREACHED.has(result.kind) ? 'unreached' : 'neutral';
  return result.status >= 200 && result.status < 300 ? 'taken' : 'neutral';
}

/**
 * How many attempts of a webhook may be under way: its concurrency, once it has
 * shown that it answers. It begins with two, grows by one with each success and
 * is halved by each attempt that did not reach it, so that a dead receiver
 * never keeps many of the dispatcher's places waiting.
 */
export class Places {
  private allowed = FIRST_PLACES;
  private taken = 0;

  constructor(private concurrency: number) {}

  /** How many more attempts may begin; 0 also while more are under way than are allowed by now. */
  get free(): number {
    return Math.max(0, this.size - this.taken);
  }

  get underWay(): number {
    return this.taken;
  }

  /** How many may be under way, 1 or more. */
  get size(): number {
    return Math.min(this.allowed, this.concurrency);
  }

  /** An attempt begins. Whether a place is free is the caller's to ask. */
  began(): void {
    this.taken++;
  }

  ended(sign: PlaceSign): void {
    this.taken--;
    if (sign === 'taken') this.allowed = Math.min(this.allowed + 1, Math.max(this.concurrency, FIRST_PLACES));
    else if (sign === 'unreached') this.allowed = Math.max(1, Math.floor(this.size / 2));
  }

  /** The webhook has another concurrency from now on. */
  change(concurrency: number): void {
    this.concurrency = concurrency;
  }
}
