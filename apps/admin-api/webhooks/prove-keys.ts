import { sealedTextsOf } from '#domain';
import { webhooksOfEachKey, type DataSource } from '#persistence';
import { KeyProof, type Keyring } from '#signing';

/**
 * Makes sure that the keyring has the keys that sealed what webhooks keep, before a request finds out.
 * @throws KeyringError in one sentence that names the key, not what it is; what the driver says
 */
export async function proveKeys(database: DataSource, keyring: Keyring): Promise<void> {
  const proof = new KeyProof(keyring, 'PostgreSQL');
  for (const webhook of await webhooksOfEachKey(database))
    for (const { sealed, place } of sealedTextsOf(webhook)) proof.note(sealed, place);
  proof.check();
}
