import { createHash, randomBytes } from 'node:crypto';
import { newId, type KeyId } from '#domain';

const SECRET_BYTES = 24;
const PREFIX = 'key_';

/** A new key: its text, shown once, and what is kept of it. */
export function generateKey(): { id: KeyId; text: string; hash: Buffer } {
  const id = newId('key');
  const text = `tdg_${id.slice(PREFIX.length)}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, text, hash: hashOfKey(text) };
}

export function hashOfKey(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The id that a key's text names; undefined when it is no key of ours. */
export function idOfKey(text: string): KeyId | undefined {
  const id = /^tdg_([0-9a-z]{26})_[A-Za-z0-9_-]{32}$/.exec(text)?.[1];
  return id === undefined ? undefined : PREFIX + id;
}
