import {
  needsStandardSecret,
  WebhookInvalid,
  type Fault,
  type LiveWebhook,
  type PayloadFormat,
} from '#domain';
import type { WebhookRow } from '#persistence';
import { generateSecret, isStandardSecret, type Keyring } from '#signing';

/** How long a secret may be that is none of Standard Webhooks. */
export const SECRET_CHARACTERS = { min: 8, max: 256 } as const;

/**
 * The signing secret to use: the one supplied, if it will do for the format, else a new one.
 * @throws WebhookInvalid at `secret`
 */
export function signingSecret(
  supplied: string | undefined,
  format: PayloadFormat,
): { secret: string; origin: 'supplied' | 'generated' } {
  if (supplied === undefined) return { secret: generateSecret(), origin: 'generated' };
  const message = needsStandardSecret(format) ? standardFault(supplied) : textFault(supplied);
  if (message !== undefined) throw new WebhookInvalid([{ path: 'secret', message }]);
  return { secret: supplied, origin: 'supplied' };
}

/**
 * Refuses a change to a format that signs by Standard Webhooks alone while the
 * webhook has a secret that such receivers cannot have, and from which a
 * public key would let it be guessed.
 * @param before its row, still with the format it had
 * @throws WebhookInvalid at `format`, KeyringError when the secret cannot be opened
 */
export function refuseFormatWithoutSecret(webhook: LiveWebhook, before: WebhookRow, keyring: Keyring): void {
  if (!needsStandardSecret(webhook.format) || needsStandardSecret(before.format)) return;
  const place = { tenant: webhook.tenant, webhook: webhook.id, purpose: 'signing' } as const;
  const [newest = ''] = before.secrets;
  if (isStandardSecret(keyring.open(newest, place))) return;
  const fault: Fault = {
    path: 'format',
    message:
      'needs a signing secret of Standard Webhooks, whsec_ and 24 to 64 bytes in base64, and the secret of this ' +
      'webhook is another text: rotate it first (POST .../rotate-secret), which the format there is now bears too',
  };
  throw new WebhookInvalid([fault]);
}

function standardFault(secret: string): string | undefined {
  if (isStandardSecret(secret)) return undefined;
  return (
    'must be whsec_ and 24 to 64 bytes in base64, for this format is signed by Standard Webhooks; ' +
    'other texts are for formats with an HMAC of their own'
  );
}

function textFault(secret: string): string | undefined {
  const { min, max } = SECRET_CHARACTERS;
  if (secret.length < min || secret.length > max)
    return `must be from ${min} to ${max} characters, but is ${secret.length} characters`;
  return secret.isWellFormed() ? undefined : 'must hold no broken Unicode: its UTF-8 bytes are the key';
}
