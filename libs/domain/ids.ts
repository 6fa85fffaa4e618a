import { hash, randomFillSync } from 'node:crypto';

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]?: Name };

export type TenantId = Id<'tenant'>;
export type EventId = Id<'event'>;
export type WebhookId = Id<'webhook'>;
export type DeliveryId = Id<'delivery'>;
export type AttemptId = Id<'attempt'>;
export type KeyId = Id<'key'>;
export type JobId = Id<'job'>;

export type IdPrefix = 'wh' | 'evt' | 'dlv' | 'att' | 'key' | 'sch' | 'job';

/** Crockford's base 32 in lower case: sorts as its bits do and has no letters that look alike. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_CHARS = 10;
const TAIL_CHARS = 16;
const TAIL_BYTES = 10;

/** Random bytes are drawn in bulk, for one draw costs as much as a hundred. */
const pool = Buffer.alloc(TAIL_BYTES * 256);
let poolOffset = pool.length;

function encodeTime(ms: number): string {
  let text = '';
  let rest = ms;
  for (let i = 0; i < TIME_CHARS; i++) {
    text = ALPHABET.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** Eighty bits as sixteen letters, from the ten bytes at `offset`. */
function encodeTail(bytes: Uint8Array, offset: number): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (let i = offset; i < offset + TAIL_BYTES; i++) {
    held = (held << 8) | (bytes[i] ?? 0);
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt((held >>> bits) & 31);
    }
    held &= (1 << bits) - 1;
  }
  return text;
}

/**
 * A new id that sorts by time.
 * @param at milliseconds since 1970 that the id carries
 */
export function newId(prefix: IdPrefix, at: number = Date.now()): string {
  if (poolOffset === pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  const tail = encodeTail(pool, poolOffset);
  poolOffset += TAIL_BYTES;
  return `${prefix}_${encodeTime(at)}${tail}`;
}

/**
 * An id that follows from what it names: the same seed and time give the same
 * id, so work that is done again after a crash lands on what was done before.
 * @param at milliseconds since 1970 that the id carries
 */
export function derivedId(prefix: IdPrefix, at: number, seed: string): string {
  return `${prefix}_${encodeTime(at)}${encodeTail(hash('sha1', seed, 'buffer'), 0)}`;
}

/**
 * The delivery that an event owes a webhook.
 * @param acceptedAt when the event entered its stream, milliseconds since 1970
 */
export function deliveryIdOf(event: EventId, webhook: WebhookId, acceptedAt: number): DeliveryId {
  return derivedId('dlv', acceptedAt, `${event}:${webhook}`);
}

const SHAPE = new RegExp(`^[a-z]+_([${ALPHABET}]{${TIME_CHARS}})[${ALPHABET}]{${TAIL_CHARS}}$`);

/**
 * The time that an id carries, in milliseconds since 1970; undefined when the
 * text is not an id of ours (publishers may choose event ids of their own).
 */
export function timeOfId(id: string): number | undefined {
  const time = SHAPE.exec(id)?.[1];
  if (time === undefined) return undefined;
  let ms = 0;
  for (const letter of time) ms = ms * 32 + ALPHABET.indexOf(letter);
  return ms;
}

/**
 * What sorts before every id of a time, and after all older ones; looks like an id.
 * @param at milliseconds since 1970; an earlier time, which no id has, counts as 1970
 */
export function firstIdAt(prefix: IdPrefix, at: number): string {
  return `${prefix}_${encodeTime(Math.max(at, 0))}${'0'.repeat(TAIL_CHARS)}`;
}
