import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

/** Secrets at rest: AES-256-GCM, a fresh nonce each, sealed to the place they belong to. */
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Where a secret belongs. It cannot be opened as another place's. */
export type SecretPlace = WebhookSecretPlace | KeptAnswerPlace;

export interface WebhookSecretPlace {
  tenant: string;
  webhook: string;
  purpose: 'signing' | `headers.${string}` | `auth.${string}`;
  /** Of a secret that is replaced in its place: which one, so that an earlier one cannot be put back. */
  version?: number;
}

/** An answer of the API that is kept to be given again: it may hold a secret. */
export interface KeptAnswerPlace {
  tenant: string;
  /** Which one. */
  answer: string;
}

/** The keyring or a sealed secret cannot be used; the message says why and holds no secret. */
export class KeyringError extends Error {
  override readonly name = 'KeyringError';
}

/** The keys that seal secrets: the first encrypts, all decrypt, so a key can be changed without a pause. */
export class Keyring {
  private constructor(
    private readonly current: string,
    private readonly keys: ReadonlyMap<string, Buffer>,
  ) {}

  /**
   * Nothing that is refused appears in the message, apart from an id that can be one: whoever swaps id and key
   * must not find the key in the log.
   * @param text the value of TIDINGS_ENCRYPTION_KEYS, `id:base64,...`, 32 bytes each; space around an entry is ignored
   * @throws KeyringError naming the key at fault
   */
  static parse(text: string): Keyring {
    const keys = new Map<string, Buffer>();
    if (text.trim() === '') throw new KeyringError('TIDINGS_ENCRYPTION_KEYS holds no key.');
    for (const [i, entry] of text.split(',').entries()) {
      const { id, key } = readEntry(entry.trim(), i + 1);
      if (keys.has(id))
        throw new KeyringError(`The encryption key "${id}" is given twice in TIDINGS_ENCRYPTION_KEYS.`);
      keys.set(id, key);
    }
    const [current = ''] = keys.keys();
    return new Keyring(current, keys);
  }

  /** The id of the key that seals. */
  get sealsWith(): string {
    return this.current;
  }

  /** The ids of all keys, the one that seals first. */
  get ids(): string[] {
    return [...this.keys.keys()];
  }

  has(id: string): boolean {
    return this.keys.has(id);
  }

  /** The sealed form, `<key id>.<base64url of nonce, ciphertext and tag>`. */
  seal(plaintext: string, place: SecretPlace): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key(this.current), nonce);
    cipher.setAAD(associatedData(place));
    const sealed = Buffer.concat([
      nonce,
      cipher.update(plaintext, 'utf8'),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    return `${this.current}.${sealed.toString('base64url')}`;
  }

  /** @throws KeyringError when the key is not in the ring, or the secret was sealed for another place or altered */
  open(sealed: string, place: SecretPlace): string {
    const id = keyIdOf(sealed) ?? '';
    const key = this.key(id);
    const bytes = Buffer.from(sealed.slice(id.length + 1), 'base64url');
    try {
      const nonce = bytes.subarray(0, NONCE_BYTES);
      // Without the length, a text that was cut short would be taken with a tag that is easier to guess.
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(associatedData(place));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return (
        decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      );
    } catch {
      throw new KeyringError(
        `A secret of ${'answer' in place ? 'a kept answer' : place.webhook} cannot be opened with the encryption key "${id}".`,
      );
    }
  }

  private key(id: string): Buffer {
    const key = this.keys.get(id);
    if (!key) throw new KeyringError(`The encryption key "${id}" is not in TIDINGS_ENCRYPTION_KEYS.`);
    return key;
  }
}

/** The id of the key that sealed a text; undefined when it is no sealed text. */
export function keyIdOf(sealed: string): string | undefined {
  return /^([A-Za-z0-9_-]{1,32})\./.exec(sealed)?.[1];
}

/** @throws KeyringError */
function readEntry(entry: string, position: number): { id: string; key: Buffer } {
  const refuse = (what: string): never => {
    throw new KeyringError(`${what}; TIDINGS_ENCRYPTION_KEYS must be a list of id:base64.`);
  };
  const colon = entry.indexOf(':');
  const id = entry.slice(0, Math.max(colon, 0));
  const encoded = entry.slice(colon + 1);
  if (entry === '') return refuse(`Entry ${position} is empty`);
  if (colon === -1) return refuse(`Entry ${position} has no colon between an id and a key`);
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(id))
    return refuse(`The id of entry ${position} is not 1 to 32 letters, digits, _ or -`);
  if (/\s/.test(encoded)) return refuse(`The encryption key "${id}" holds a space`);
  const key = Buffer.from(encoded, 'base64');
  // Node leaves out what is no base64, so a damaged key would be taken for another one.
  const bare = encoded.replace(/=+$/, '');
  if (bare !== key.toString('base64').replace(/=+$/, '') && bare !== key.toString('base64url'))
    return refuse(`The encryption key "${id}" is not base64`);
  if (key.length !== KEY_BYTES)
    throw new KeyringError(
      `The encryption key "${id}" in TIDINGS_ENCRYPTION_KEYS has ${key.length} bytes; ${KEY_BYTES} are needed.`,
    );
  return { id, key };
}

function associatedData(place: SecretPlace): Buffer {
  if ('answer' in place) return Buffer.from(JSON.stringify([place.tenant, { answer: place.answer }]));
  const { tenant, webhook, purpose, version } = place;
  return Buffer.from(JSON.stringify([tenant, webhook, purpose, ...(version === undefined ? [] : [version])]));
}
