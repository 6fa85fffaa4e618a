import type { RoutedWebhook, SealedTexts, SealedWebhook, TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';
import type { WebhookRow } from '../webhook/webhook-row.js';
import { routedWebhookOf } from '../webhook/webhook-state.js';

/** A row of `webhooks`, as far as something of it is sealed. */
export type SealedRow = SealedWebhook<WebhookRow['retiring_secrets'][number]>;

const COLUMNS = 'tenant, id, headers, auth, secrets, retiring_secrets, credentials';

/** For each key that sealed anything, so many webhooks are looked at. */
const EXAMPLES = 100;

/**
 * A few webhooks for each key id that any of their sealed texts begins with: enough to see which keys are in use.
 * Reads the whole table, in PostgreSQL.
 */
export async function webhooksOfEachKey(dataSource: DataSource): Promise<SealedRow[]> {
  return dataSource.query<SealedRow[]>(
    `SELECT ${COLUMNS} FROM webhooks WHERE (tenant, id) IN (
       SELECT tenant, id FROM (
         SELECT tenant, id, row_number() OVER (PARTITION BY split_part(sealed, '.', 1)) AS n
         FROM webhooks, LATERAL (
           SELECT jsonb_array_elements_text(secrets)
           UNION ALL SELECT each ->> 'sealed' FROM jsonb_array_elements(retiring_secrets) AS each
           UNION ALL SELECT value FROM jsonb_each_text(credentials)
         ) AS texts (sealed)
       ) AS numbered WHERE n <= $1)`,
    [EXAMPLES],
  );
}

/** All webhooks of all tenants with what stands sealed of them, a page at a time. */
export async function* allSealedWebhooks(
  dataSource: DataSource,
  pageSize: number,
): AsyncGenerator<SealedRow[]> {
  let after = ['', ''];
  for (;;) {
    const rows = await dataSource.query<SealedRow[]>(
      `SELECT ${COLUMNS} FROM webhooks WHERE (tenant, id) > ($1, $2) ORDER BY tenant, id LIMIT $3`,
      [...after, pageSize],
    );
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = [last.tenant, last.id];
  }
}

/** A webhook as it is now; undefined when it was deleted. */
export async function sealedWebhook(
  dataSource: DataSource,
  tenant: TenantId,
  id: WebhookId,
): Promise<SealedRow | undefined> {
  const [row] = await dataSource.query<SealedRow[]>(
    `SELECT ${COLUMNS} FROM webhooks WHERE (tenant, id) = ($1, $2)`,
    [tenant, id],
  );
  return row;
}

/**
 * Puts sealed texts in the place of those that were read. The ledger does not tell of it, for the secrets stay what
 * they are (ADR 0002).
 * @returns false when someone changed any of them meanwhile; nothing is written then
 */
export async function replaceSealedTexts(
  dataSource: DataSource,
  before: SealedRow,
  after: SealedTexts<SealedRow['retiring_secrets'][number]>,
): Promise<boolean> {
  const json = JSON.stringify;
  const written = await dataSource.query<[unknown[], number]>(
    `UPDATE webhooks SET secrets = $6, retiring_secrets = $7, credentials = $8
     WHERE (tenant, id) = ($1, $2)
       AND secrets = $3::jsonb AND retiring_secrets = $4::jsonb AND credentials = $5::jsonb`,
    [
      before.tenant,
      before.id,
      ...[before, after].flatMap((each) => [
        json(each.secrets),
        json(each.retiring_secrets),
        json(each.credentials),
      ]),
    ],
  );
  return written[1] === 1;
}

/** What the data plane is to be told of these webhooks, as they are now; of those that exist. */
export async function routedWebhooks(
  dataSource: DataSource,
  wanted: { tenant: TenantId; id: WebhookId }[],
): Promise<RoutedWebhook[]> {
  const rows = await dataSource.query<WebhookRow[]>(
    `SELECT w.* FROM unnest($1::text[], $2::text[]) AS wanted (tenant, id)
     JOIN webhooks w ON (w.tenant, w.id) = (wanted.tenant, wanted.id)`,
    [wanted.map(({ tenant }) => tenant), wanted.map(({ id }) => id)],
  );
  return rows.map(routedWebhookOf);
}
