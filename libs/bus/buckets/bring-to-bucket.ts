import { isDeepStrictEqual } from 'node:util';
import type { Bucket } from './bucket.js';

const TRIES = 5;

export interface Keyed<Key, Value> {
  key: Key;
  value: Value;
}

/**
 * Brings some keys of a bucket to what their rows say. What the bucket holds
 * is read first, then the rows, and a key is written only while it is still
 * held as it was: so a relay that lost its lock in the middle, and goes on
 * late, finds the key written by the next relay and reads the row again. It
 * can neither put an older row over a newer one nor bring back what was deleted.
 * @param read the rows that exist of those that are wanted, as they are now
 * @returns the highest revision that any of the keys has now
 * @throws Error when others keep writing the same keys
 */
export async function bringToBucket<Id, Key extends string[], Value extends { version: number }>(
  bucket: Pick<Bucket<Key, Value>, 'held' | 'replace'>,
  ids: Id[],
  keyOf: (id: Id) => Key,
  read: (ids: Id[]) => Promise<Keyed<Key, Value>[]>,
): Promise<number> {
  let left = ids;
  let highest = 0;
  for (let tries = 0; left.length > 0; tries++) {
    if (tries === TRIES)
      throw new Error(`${left.length} keys of a bucket are written by others all the time`);
    const held = await Promise.all(left.map((id) => bucket.held(...keyOf(id))));
    const found = new Map((await read(left)).map(({ key, value }) => [key.join('.'), value]));
    const written = await Promise.all(
      left.map(async (id, i) => {
        const key = keyOf(id);
        const value = found.get(key.join('.'));
        // As after a repair, which is ahead of the ledger's entries: writing it again would only cost.
        if (isDeepStrictEqual(held[i]?.value, value)) return held[i]?.revision ?? 0;
        return bucket.replace(key, held[i], value);
      }),
    );
    left = left.filter((_, i) => written[i] === undefined);
    highest = written.reduce<number>((most, revision = 0) => Math.max(most, revision), highest);
  }
  return highest;
}
