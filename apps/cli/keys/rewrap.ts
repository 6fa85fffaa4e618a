import { bringToBucket, type WebhookBucket } from '#bus';
import { mapSealed, sealedTextsOf, type TenantId, type WebhookId } from '#domain';
import {
  allSealedAnswers,
  allSealedWebhooks,
  placeOfAnswer,
  replaceSealedAnswer,
  replaceSealedTexts,
  routedWebhooks,
  sealedWebhook,
  type DataSource,
  type SealedRow,
} from '#persistence';
import { keyIdOf, KeyringError, type Keyring } from '#signing';

/** Where sealed secrets stand. */
export interface SealedPlaces {
  database: DataSource;
  bucket: WebhookBucket;
}

export interface KeyCount {
  keyId: string;
  /** In the rows of webhooks. */
  secrets: number;
  /** Kept under an Idempotency-Key. */
  answers: number;
  /** Secrets in the bucket of the data plane. */
  entries: number;
}

export interface Rewrapped {
  webhooks: number;
  secrets: number;
  answers: number;
  /** Webhooks of the bucket. */
  entries: number;
  /** What the keyring does not open, and was left as it is. */
  unopened: { what: string; keyId: string }[];
  /** What each key seals afterwards. */
  left: KeyCount[];
}

export interface RewrapOptions {
  pageSize?: number;
  /** Told after each write; what it throws ends the work, as a crash would. */
  wrote?: () => void;
}

const PAGE = 500;

/**
 * Seals anew, under the keyring's first key, every secret that is sealed under another one: first in the rows, each
 * replaced only while it is what was read, then in the bucket, by the revision that was read, as the relay does (a row
 * that the relay had read before and writes late is found by its revision). Nothing is remembered: whoever runs it
 * again finds what is left.
 * @throws what PostgreSQL and NATS say; what was written until then stays
 */
export async function rewrap(
  places: SealedPlaces,
  keyring: Keyring,
  { pageSize = PAGE, wrote = () => undefined }: RewrapOptions = {},
): Promise<Rewrapped> {
  const done: Rewrapped = { webhooks: 0, secrets: 0, answers: 0, entries: 0, unopened: [], left: [] };
  for await (const page of allSealedWebhooks(places.database, pageSize))
    for (const row of page) await rewrapWebhook(places.database, keyring, row, done, wrote);
  for await (const page of allSealedAnswers(places.database, pageSize))
    for (const kept of page) {
      const place = placeOfAnswer(kept);
      const what = `The answer kept for ${kept.tenant}, ${kept.route}`;
      const sealed = sealAnew(keyring, kept.answer, place, (keyId) => done.unopened.push({ what, keyId }));
      if (sealed === kept.answer) continue;
      if (await replaceSealedAnswer(places.database, kept, sealed)) done.answers += 1;
      wrote();
    }
  const stale = await staleEntries(places.bucket, keyring);
  for (let i = 0; i < stale.length; i += pageSize) {
    const page = stale.slice(i, i + pageSize);
    await bringToBucket(
      places.bucket,
      page,
      ({ tenant, id }): [TenantId, WebhookId] => [tenant, id],
      async (wanted) =>
        (await routedWebhooks(places.database, wanted)).map((value) => ({
          key: [value.tenant, value.id],
          value,
        })),
    );
    done.entries += page.length;
    wrote();
  }
  done.left = await countKeys(places);
  return done;
}

async function rewrapWebhook(
  database: DataSource,
  keyring: Keyring,
  found: SealedRow,
  done: Rewrapped,
  wrote: () => void,
): Promise<void> {
  for (let row: SealedRow | undefined = found; row; row = await sealedWebhook(database, row.tenant, row.id)) {
    let secrets = 0;
    const unopened: Rewrapped['unopened'] = [];
    const after = mapSealed(row, (sealed, place) => {
      const what = `The secret ${place.purpose} of the webhook ${place.webhook} (${place.tenant})`;
      const anew = sealAnew(keyring, sealed, place, (keyId) => unopened.push({ what, keyId }));
      if (anew !== sealed) secrets += 1;
      return anew;
    });
    // Someone who changed the webhook meanwhile may have sealed it anew, or under the same old key.
    if (secrets > 0 && !(await replaceSealedTexts(database, row, after))) continue;
    done.unopened.push(...unopened);
    if (secrets === 0) return;
    done.secrets += secrets;
    done.webhooks += 1;
    wrote();
    return;
  }
}

/** @returns the same text when it is under the first key, is no sealed text, or cannot be opened */
function sealAnew(
  keyring: Keyring,
  sealed: string,
  place: Parameters<Keyring['seal']>[1],
  unopened: (keyId: string) => void,
): string {
  const keyId = keyIdOf(sealed);
  if (keyId === keyring.sealsWith) return sealed;
  try {
    return keyring.seal(keyring.open(sealed, place), place);
  } catch (error) {
    if (!(error instanceof KeyringError)) throw error;
    unopened(keyId ?? '');
    return sealed;
  }
}

/** The webhooks of the bucket that are sealed under another key than the first. */
async function staleEntries(
  bucket: WebhookBucket,
  keyring: Keyring,
): Promise<{ tenant: TenantId; id: WebhookId }[]> {
  const stale: { tenant: TenantId; id: WebhookId }[] = [];
  for (const webhook of await bucket.entries())
    if (sealedTextsOf(webhook).some(({ sealed }) => keyIdOf(sealed) !== keyring.sealsWith))
      stale.push({ tenant: webhook.tenant, id: webhook.id });
  return stale;
}

/** How much each key seals, by its id; changes nothing. */
export async function countKeys({ database, bucket }: SealedPlaces, pageSize = PAGE): Promise<KeyCount[]> {
  const counts = new Map<string, KeyCount>();
  const count = (sealed: string, where: 'secrets' | 'answers' | 'entries') => {
    const keyId = keyIdOf(sealed) ?? '';
    const found = counts.get(keyId) ?? { keyId, secrets: 0, answers: 0, entries: 0 };
    found[where] += 1;
    counts.set(keyId, found);
  };
  for await (const page of allSealedWebhooks(database, pageSize))
    for (const row of page) for (const { sealed } of sealedTextsOf(row)) count(sealed, 'secrets');
  for await (const page of allSealedAnswers(database, pageSize))
    for (const { answer } of page) count(answer, 'answers');
  for (const webhook of await bucket.entries())
    for (const { sealed } of sealedTextsOf(webhook)) count(sealed, 'entries');
  return [...counts.values()].sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
}
