import type { TenantId, WebhookId } from '#domain';
import type { DataSource } from 'typeorm';

/** Something that a tenant's contacts are to be told. */
export interface Notice {
  type: string;
  webhook: WebhookId;
  /** When it happened, milliseconds since 1970. */
  at: number;
  /** Its reason, in a line. */
  detail: string;
  /** Of its event in EVENTS. */
  sequence: number;
}

/** Writes it down for the next mail; where the tenant has no contacts nothing is. */
export async function noteForMail(dataSource: DataSource, tenant: TenantId, notice: Notice): Promise<void> {
  const { type, webhook, at, detail, sequence } = notice;
  await dataSource.query(
    `INSERT INTO operational_notices AS known
       (tenant, type, webhook_id, count, first_at, last_at, detail, last_sequence, noted_at)
     SELECT id, $2, $3, 1, $4, $4, $5, $6, now() FROM tenants WHERE id = $1 AND cardinality(contacts) > 0
     ON CONFLICT (tenant, type, webhook_id) DO UPDATE SET
       count = known.count + 1,
       first_at = least(known.first_at, excluded.first_at),
       last_at = greatest(known.last_at, excluded.last_at),
       detail = excluded.detail,
       last_sequence = excluded.last_sequence
      WHERE known.last_sequence <> excluded.last_sequence`,
    [tenant, type, webhook, new Date(at), detail, sequence],
  );
}

/** Takes a notice back that is in no mail yet. @returns whether there was one */
export async function takeNoticeBack(
  dataSource: DataSource,
  tenant: TenantId,
  webhook: WebhookId,
  type: string,
): Promise<boolean> {
  const [, count] = await dataSource.query<[unknown, number]>(
    `DELETE FROM operational_notices WHERE tenant = $1 AND webhook_id = $2 AND type = $3`,
    [tenant, webhook, type],
  );
  return count > 0;
}

/** What is known of a tenant that has notices; times are milliseconds since 1970. */
export interface TenantWithNotices {
  tenant: TenantId;
  /** When the first notice of each type came in. */
  notices: { type: string; noted_at: number }[];
  /** When a mail was composed last. */
  last_mail_at: number | null;
  /** That mail is still to be sent. */
  unsent: boolean;
}

/** All tenants that have notices, and the time by the clock of the database. */
export async function tenantsWithNotices(
  dataSource: DataSource,
): Promise<{ now: number; tenants: TenantWithNotices[] }> {
  type Found = {
    now: Date;
    tenant: string;
    type: string;
    noted_at: Date;
    composed_at: Date | null;
    unsent: boolean | null;
  };
  const found = await dataSource.query<Found[]>(
    `SELECT now() AS now, n.tenant, n.type, min(n.noted_at) AS noted_at, m.composed_at, m.mail IS NOT NULL AS unsent
       FROM operational_notices n
       LEFT JOIN tenant_mails m ON m.tenant = n.tenant
      GROUP BY n.tenant, n.type, m.composed_at, m.mail IS NOT NULL`,
  );
  const tenants = new Map<TenantId, TenantWithNotices>();
  for (const { tenant, type, noted_at, composed_at, unsent } of found) {
    const known: TenantWithNotices = tenants.get(tenant) ?? {
      tenant,
      notices: [],
      last_mail_at: composed_at?.getTime() ?? null,
      unsent: unsent === true,
    };
    known.notices.push({ type, noted_at: noted_at.getTime() });
    tenants.set(tenant, known);
  }
  return { now: found[0]?.now.getTime() ?? Date.now(), tenants: [...tenants.values()] };
}
