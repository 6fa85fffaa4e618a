import { timingSafeEqual } from 'node:crypto';
import type { KeyId, Role, TenantId } from '#domain';
import { DataSource, isUnavailable, keyToCheck, type KeyRow } from '#persistence';
import { hashOfKey, idOfKey } from './key-text.js';
import type { KeyUse } from './key-use.js';

/** A revocation is effective on every replica after this at the latest. */
const FRESH_MS = 500;
/** For so long a key that was seen is taken on while PostgreSQL is away: nobody can revoke it meanwhile. */
const TRUSTED_WHILE_AWAY_MS = 3_600_000;
const REMEMBERED = 10_000;
/** What is compared when there is no such key, so that its absence takes as long. */
const NOBODY = Buffer.alloc(32);

export interface ValidKey {
  id: KeyId;
  tenant: TenantId;
  role: Role;
}

interface Seen {
  row: KeyRow;
  /** When PostgreSQL was asked for it, milliseconds since 1970. */
  at: number;
}

/** Knows valid keys. Asks PostgreSQL, and remembers what it said for half a second. */
export class KeyDirectory {
  /** Only keys that were shown to be right, so that guesses push nobody out. */
  private readonly seen = new Map<KeyId, Seen>();
  private readonly asking = new Map<KeyId, Promise<Seen | undefined>>();

  constructor(
    private readonly database: DataSource,
    private readonly use: KeyUse,
  ) {}

  /** Whether this key was found valid here before: such callers are not kept out for others' guesses. */
  remembers(text: string): boolean {
    const known = this.seen.get(idOfKey(text) ?? '');
    return known !== undefined && timingSafeEqual(hashOfKey(text), known.row.hash);
  }

  /**
   * The key with this text; undefined when there is none, or it was revoked or has expired.
   * @throws when PostgreSQL is away and the key was not seen lately
   */
  async find(text: string): Promise<ValidKey | undefined> {
    const id = idOfKey(text);
    if (id === undefined) return undefined;
    const found = await this.current(id);
    const right = timingSafeEqual(hashOfKey(text), found?.row.hash ?? NOBODY);
    if (!found || !right) return undefined;
    const { tenant, role, revoked_at, expires_at } = found.row;
    if (revoked_at !== null || (expires_at !== null && expires_at.getTime() <= Date.now())) {
      this.seen.delete(id);
      return undefined;
    }
    if (this.seen.size >= REMEMBERED && !this.seen.has(id))
      this.seen.delete(this.seen.keys().next().value ?? '');
    this.seen.set(id, found);
    this.use.note(id);
    return { id, tenant, role };
  }

  private async current(id: KeyId): Promise<Seen | undefined> {
    const known = this.seen.get(id);
    const age = known ? Date.now() - known.at : Infinity;
    if (age < FRESH_MS) return known;
    try {
      const found = await this.ask(id);
      if (!found) this.seen.delete(id);
      return found;
    } catch (error) {
      if (isUnavailable(error) && age < TRUSTED_WHILE_AWAY_MS) return known;
      throw error;
    }
  }

  /** Requests that come together ask together. */
  private ask(id: KeyId): Promise<Seen | undefined> {
    let asked = this.asking.get(id);
    if (!asked) {
      const at = Date.now();
      asked = keyToCheck(this.database, id).then((row) => (row ? { row, at } : undefined));
      this.asking.set(id, asked);
      const end = () => this.asking.delete(id);
      asked.then(end, end);
    }
    return asked;
  }
}
