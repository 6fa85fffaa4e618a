import { signatureOf } from '#domain';
import type { WebhookRow } from '#persistence';
import { asymmetricKey, isStandardSecret, publicKeyOf, type Keyring, type PublicKey } from '#signing';

export interface PublicSigningKey extends PublicKey {
  /** Until when it signs, milliseconds since 1970; null while it is not replaced. */
  until: number | null;
}

/**
 * The public keys with which a webhook's requests verify, the newest first;
 * none when it is not signed with v1a.
 * @param at milliseconds since 1970; what has ended by then is left out
 * @throws KeyringError when a secret cannot be opened
 */
export function publicKeysOf(webhook: WebhookRow, keyring: Keyring, at: number): PublicSigningKey[] {
  if (signatureOf(webhook.format)?.scheme !== 'v1a') return [];
  const place = { tenant: webhook.tenant, webhook: webhook.id, purpose: 'signing' } as const;
  const current = webhook.secrets.map((sealed) => ({ sealed, until: null }));
  const retiring = webhook.retiring_secrets.filter(({ until }) => until > at);
  return [...current, ...retiring].flatMap(({ sealed, until }) => {
    const secret = keyring.open(sealed, place);
    // Another text does not sign with v1a, and is guessed more easily from its public key.
    return isStandardSecret(secret) ? [{ ...publicKeyOf(asymmetricKey(secret)), until }] : [];
  });
}
