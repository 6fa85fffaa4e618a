import type { TenantId, WebhookId } from '../ids.js';
import { secretsOf, type RequestHeaders, type SecretPath, type WebhookAuth } from './credentials.js';

/** What stands sealed of a webhook, in its row and in the data plane's bucket alike. */
export interface SealedTexts<Retiring extends { sealed: string } = { sealed: string }> {
  secrets: string[];
  retiring_secrets: Retiring[];
  credentials: Partial<Record<SecretPath, string>>;
}

/** A webhook with what stands sealed of it. */
export interface SealedWebhook<
  Retiring extends { sealed: string } = { sealed: string },
> extends SealedTexts<Retiring> {
  tenant: TenantId;
  id: WebhookId;
  headers: RequestHeaders;
  auth: WebhookAuth;
}

/** Where a sealed text belongs, as the keyring binds it to its place (ADR 0002). */
export interface PlaceInWebhook {
  tenant: TenantId;
  webhook: WebhookId;
  purpose: 'signing' | SecretPath;
  version?: number;
}

/**
 * The sealed texts of a webhook, each replaced by what the function makes of it.
 * @throws what the function throws
 */
export function mapSealed<Retiring extends { sealed: string }>(
  webhook: SealedWebhook<Retiring>,
  map: (sealed: string, place: PlaceInWebhook) => string,
): SealedTexts<Retiring> {
  const { tenant, id } = webhook;
  const signing: PlaceInWebhook = { tenant, webhook: id, purpose: 'signing' };
  const credentials = { ...webhook.credentials };
  for (const [purpose, { secret }] of secretsOf(webhook)) {
    const sealed = credentials[purpose];
    if (sealed !== undefined)
      credentials[purpose] = map(sealed, { tenant, webhook: id, purpose, version: secret });
  }
  return {
    secrets: webhook.secrets.map((sealed) => map(sealed, signing)),
    retiring_secrets: webhook.retiring_secrets.map((each) => ({
      ...each,
      sealed: map(each.sealed, signing),
    })),
    credentials,
  };
}

/** Every sealed text of a webhook, with where it belongs. */
export function sealedTextsOf(webhook: SealedWebhook): { sealed: string; place: PlaceInWebhook }[] {
  const texts: { sealed: string; place: PlaceInWebhook }[] = [];
  mapSealed(webhook, (sealed, place) => {
    texts.push({ sealed, place });
    return sealed;
  });
  return texts;
}
