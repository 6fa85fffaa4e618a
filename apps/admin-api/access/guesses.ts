import { isIPv6 } from 'node:net';
import { Problem } from '../problems/problem.js';
import { TokenBuckets } from './token-buckets.js';

/** Wrong keys from one address: so many at once, then one every other second. */
const GUESSES = { capacity: 30, perSecond: 0.5 };

/** Slows down whoever tries keys: by address, on each replica, in bounded memory. */
export class Guesses {
  private readonly buckets = new TokenBuckets(GUESSES);

  /** @throws Problem 429 `too_many_attempts` while too many wrong keys came from there */
  refuse(address: string): void {
    const { ok, retryAfterSeconds } = this.buckets.look(networkOf(address));
    if (ok) return;
    throw new Problem('too_many_attempts', {
      detail: 'Too many wrong keys came from this address.',
      retryAfterSeconds,
    });
  }

  /** A wrong key came from there. */
  count(address: string): void {
    this.buckets.take(networkOf(address));
  }
}

/** Whoever has an IPv6 address commonly has all of its /64. */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const front = head.split(':').filter(Boolean);
  const back = (tail ?? '').split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  return [...front, ...Array<string>(zeros).fill('0'), ...back].slice(0, 4).join(':');
}
