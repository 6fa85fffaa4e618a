import { keyIdOf, type Keyring, KeyringError, type SecretPlace } from './keyring.js';

/** Of the texts under one key id, so many may be damaged before the key is held to be the wrong one. */
const TRIES = 100;

/**
 * Whether a keyring has the keys that sealed what is kept: told of sealed texts,
 * it opens one under each key id, so that also very many cost little.
 */
export class KeyProof {
  private readonly missing = new Set<string>();
  private readonly opened = new Set<string>();
  private readonly failures = new Map<string, number>();

  /** @param where what keeps the texts, for the message: "PostgreSQL" */
  constructor(
    private readonly keyring: Keyring,
    private readonly where: string,
  ) {}

  /** Takes a text into account; what is no sealed text proves nothing. */
  note(sealed: string, place: SecretPlace): void {
    const id = keyIdOf(sealed);
    if (id === undefined || this.opened.has(id) || this.missing.has(id)) return;
    if (!this.keyring.has(id)) {
      this.missing.add(id);
      return;
    }
    const failures = this.failures.get(id) ?? 0;
    if (failures === TRIES) return;
    try {
      this.keyring.open(sealed, place);
      this.opened.add(id);
    } catch {
      this.failures.set(id, failures + 1);
    }
  }

  /** @throws KeyringError naming a key that is missing, or that opens nothing of what stands under its id */
  check(): void {
    for (const id of this.missing)
      throw new KeyringError(
        `The encryption key "${id}" is missing in TIDINGS_ENCRYPTION_KEYS, and secrets in ${this.where} are sealed with it.`,
      );
    for (const id of this.failures.keys())
      if (!this.opened.has(id))
        throw new KeyringError(
          `The encryption key "${id}" in TIDINGS_ENCRYPTION_KEYS is not the one that sealed secrets in ${this.where} under this id.`,
        );
  }
}
