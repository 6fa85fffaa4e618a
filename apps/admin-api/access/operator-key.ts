import { timingSafeEqual } from 'node:crypto';
import { hashOfKey } from './key-text.js';

/** The environment's operator key, kept as its hash: neither a dump nor the time a comparison takes tells what it is. */
export class OperatorKey {
  private readonly hash: Buffer;
  private used = false;

  constructor(key: string) {
    this.hash = hashOfKey(key);
  }

  matches(given: string): boolean {
    const right = timingSafeEqual(hashOfKey(given), this.hash);
    this.used ||= right;
    return right;
  }

  /** Whether it is the key and has been used here. */
  remembers(given: string): boolean {
    return this.used && this.matches(given);
  }
}
