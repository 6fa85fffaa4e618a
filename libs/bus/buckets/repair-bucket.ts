import type { Bucket } from './bucket.js';
import type { Keyed } from './bring-to-bucket.js';
import { restAfter } from './rest-after.js';

const AT_ONCE = 200;
const ROWS_IN_A_ROW = 100;

export interface Repaired {
  put: number;
  removed: number;
}

/**
 * Makes a bucket what its table says. The bucket is read first: what is in it
 * and in no row read afterwards was deleted. A key that is written meanwhile
 * is left alone, for whoever wrote it had read the row later than this.
 * @param rows all rows, read when first asked for
 * @param isLast keys that are written when all others are
 */
export async function repairBucket<Key extends string[], Value extends { version: number }>(
  bucket: Pick<Bucket<Key, Value>, 'digests' | 'digestOf' | 'keyFrom' | 'replace'>,
  rows: () => AsyncIterable<Keyed<Key, Value>>,
  isLast: (key: Key) => boolean = () => false,
): Promise<Repaired> {
  const extra = await bucket.digests();
  const repaired = { put: 0, removed: 0 };
  const last: (() => Promise<number | undefined>)[] = [];
  let writes: Promise<number | undefined>[] = [];
  const flush = async () => {
    const written = await Promise.all(writes);
    writes = [];
    return written.filter((revision) => revision !== undefined).length;
  };
  const rest = restAfter(ROWS_IN_A_ROW);
  for await (const { key, value } of rows()) {
    await rest();
    const known = extra.get(key.join('.'));
    extra.delete(key.join('.'));
    if (known?.value === bucket.digestOf(value)) continue;
    const write = () => bucket.replace(key, known, value);
    if (isLast(key)) last.push(write);
    else writes.push(write());
    if (writes.length === AT_ONCE) repaired.put += await flush();
  }
  repaired.put += await flush();
  writes = last.map((write) => write());
  repaired.put += await flush();
  for (const [text, held] of extra) {
    if (held.value !== undefined) writes.push(bucket.replace(bucket.keyFrom(text), held, undefined));
    if (writes.length === AT_ONCE) repaired.removed += await flush();
  }
  repaired.removed += await flush();
  return repaired;
}
