import { decideKey, evolveKey } from './decide-key.js';
import { KeyInvalid, KeyNotFound, KeyVersionConflict } from './key-errors.js';
import type { KeyEvent } from './key-events.js';
import { NO_KEY, type KeyDefinition } from './key.js';

const about = { tenant: 'acme', key: 'key_1', actor: 'operator', at: 1_000 };
const later = { ...about, actor: 'key_2', at: 2_000 };
const definition: KeyDefinition = { name: 'shop', role: 'publisher', expires_at: null };
const issued: KeyEvent = { ...about, type: 'key.issued', data: definition };
const revoked: KeyEvent = { ...later, type: 'key.revoked', data: {} };
const after = (...events: KeyEvent[]) => events.reduce(evolveKey, NO_KEY);
const issue =
  (fields: Partial<KeyDefinition> = {}) =>
  () =>
    decideKey(NO_KEY, { ...about, kind: 'issue', definition: { ...definition, ...fields } });

describe('a key', () => {
  it('is issued, with who, when and for what, but not the key', () => {
    expect(issue()()).toEqual([issued]);
  });

  it.each<[string, Partial<KeyDefinition>, string]>([
    ['without a name', { name: '' }, 'name'],
    ['with a name of two lines', { name: 'a\nb' }, 'name'],
    ['that has expired already', { expires_at: 1_000 }, 'expires_at'],
  ])('%s is refused, naming the field', (_title, fields, path) => {
    expect(issue(fields)).toThrow(KeyInvalid);
    expect(issue(fields)).toThrow(path);
  });

  it('is revoked once; revoking it again changes nothing', () => {
    const revoke = { ...later, kind: 'revoke' as const };
    expect(decideKey(after(issued), revoke)).toEqual([revoked]);
    expect(decideKey(after(issued, revoked), revoke)).toEqual([]);
    expect(after(issued, revoked)).toMatchObject({ version: 2, revoked_at: 2_000, created_at: 1_000 });
  });

  it('that there is not, or at another version than was seen, is not revoked', () => {
    expect(() => decideKey(NO_KEY, { ...later, kind: 'revoke' })).toThrow(KeyNotFound);
    expect(() => decideKey(after(issued), { ...later, kind: 'revoke', expectedVersion: 2 })).toThrow(
      KeyVersionConflict,
    );
  });
});
