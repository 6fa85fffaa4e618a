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
   * @param text the value of TIDINGS_ENCRYPTION_KEYS, `id:base64,...`, 32 bytes each
   * @throws KeyringError naming the key at fault
   */
  static parse(text: string): Keyring {
    const keys = new Map<string, Buffer>();
    for (const entry of text.split(',')) {
      const [id, encoded] = entry.trim().split(':');
      if (!id || !/^[A-Za-z0-9_-]+$/.test(id) || encoded === undefined) {
        throw new KeyringError('TIDINGS_ENCRYPTION_KEYS must be a list of id:base64.');
      }
      const key = Buffer.from(encoded, 'base64');
      if (key.length !== KEY_BYTES) {
        throw new KeyringError(
          `The encryption key "${id}" has ${key.length} bytes; ${KEY_BYTES} are needed.`,
        );
      }
      if (keys.has(id)) throw new KeyringError(`The encryption key "${id}" is given twice.`);
      keys.set(id, key);
    }
    const [current] = keys.keys();
    if (current === undefined) throw new KeyringError('TIDINGS_ENCRYPTION_KEYS holds no key.');
    return new Keyring(current, keys);
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
    const [id = '', encoded = ''] = sealed.split('.');
    const bytes = Buffer.from(encoded, 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', this.key(id), bytes.subarray(0, NONCE_BYTES));
    decipher.setAAD(associatedData(place));
    try {
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

function associatedData(place: SecretPlace): Buffer {
  if ('answer' in place) return Buffer.from(JSON.stringify([place.tenant, { answer: place.answer }]));
  const { tenant, webhook, purpose, version } = place;
  return Buffer.from(JSON.stringify([tenant, webhook, purpose, ...(version === undefined ? [] : [version])]));
}
