import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { MASK, secretsOf, type RoutedWebhook, type SecretPath } from '#domain';
import { signingKey, type Keyring, type SigningKey } from '#signing';

/** A webhook made ready to be called: what each attempt would otherwise work out anew. */
export interface ReadyWebhook {
  webhook: RoutedWebhook;
  /** Empty when they cannot be opened: nothing is sent then. */
  keys: SigningKey[];
  /** Earlier keys, which sign too until their time, milliseconds since 1970. */
  retiring: { key: SigningKey; until: number }[];
  /** The webhook's own headers and those of its auth; null when their secrets cannot be opened. */
  extra: ExtraHeaders | null;
}

export interface ExtraHeaders {
  sent: Record<string, string>;
  /** The same with the secrets masked. */
  recorded: Record<string, string>;
  /** A header over the body. */
  hmac: { header: string; key: KeyObject } | null;
}

/**
 * Opens what is sealed of a webhook.
 * @param report told what cannot be opened
 */
export function readyWebhook(
  webhook: RoutedWebhook,
  keyring: Keyring,
  report: (problem: string, error: unknown) => void,
): ReadyWebhook {
  const { tenant, id, secrets, retiring_secrets } = webhook;
  const openKey = (sealed: string) =>
    signingKey(keyring.open(sealed, { tenant, webhook: id, purpose: 'signing' }));
  const ready: ReadyWebhook = { webhook, keys: [], retiring: [], extra: null };
  try {
    ready.keys = secrets.map(openKey);
    ready.retiring = retiring_secrets.map(({ sealed, until }) => ({ key: openKey(sealed), until }));
  } catch (error) {
    // Its deliveries go on, unsigned requests never: see Attempter.
    ready.keys = [];
    report(`the secrets of ${id} cannot be opened`, error);
  }
  try {
    ready.extra = extraHeaders(webhook, keyring);
  } catch (error) {
    report(`the credentials of ${id} cannot be opened`, error);
  }
  return ready;
}

/**
 * The keys that sign at a time, the newest first.
 * @param at milliseconds since 1970
 */
export function keysAt({ keys, retiring }: ReadyWebhook, at: number): SigningKey[] {
  if (retiring.length === 0 || keys.length === 0) return keys;
  return [...keys, ...retiring.filter(({ until }) => until > at).map(({ key }) => key)];
}

/** `sha256=` and the HMAC in hex, as receivers know it from many senders. */
export function bodySignature(key: KeyObject, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
}

/** @throws KeyringError */
function extraHeaders(webhook: RoutedWebhook, keyring: Keyring): ExtraHeaders {
  const refs = secretsOf(webhook);
  const open = (purpose: SecretPath): string =>
    keyring.open(webhook.credentials[purpose] ?? '', {
      tenant: webhook.tenant,
      webhook: webhook.id,
      purpose,
      version: refs.get(purpose)?.secret ?? 0,
    });
  const sent: Record<string, string> = {};
  const recorded: Record<string, string> = {};
  for (const [name, value] of Object.entries(webhook.headers)) {
    const secret = typeof value !== 'string';
    sent[name] = secret ? open(`headers.${name.toLowerCase()}`) : value;
    recorded[name] = secret ? MASK : value;
  }
  const { auth } = webhook;
  switch (auth.type) {
    case 'none':
    case 'oauth2': // no request is made with these yet: see attempts/not-yet-sendable.ts
    case 'mtls':
      return { sent, recorded, hmac: null };
    case 'bearer':
      sent['Authorization'] = `Bearer ${open('auth.token')}`;
      recorded['Authorization'] = `Bearer ${MASK}`;
      return { sent, recorded, hmac: null };
    case 'basic': {
      const credentials = Buffer.from(`${auth.username}:${open('auth.password')}`).toString('base64');
      sent['Authorization'] = `Basic ${credentials}`;
      recorded['Authorization'] = `Basic ${MASK}`;
      return { sent, recorded, hmac: null };
    }
    case 'api_key':
      sent[auth.header_name] = open('auth.key');
      recorded[auth.header_name] = MASK;
      return { sent, recorded, hmac: null };
    case 'hmac':
      return {
        sent,
        recorded,
        hmac: { header: auth.header_name, key: createSecretKey(open('auth.secret'), 'utf8') },
      };
  }
}
