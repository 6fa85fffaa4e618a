import type { TenantId } from '#domain';
import type { DataSource, EntityManager } from 'typeorm';
import type { OperationalNoticeRow } from './operational-notice-row.js';
import type { ComposedMail } from './tenant-mail-row.js';

/** What a mail is made of. */
export interface MailMaterial {
  /** The tenant's name. */
  name: string;
  notices: OperationalNoticeRow[];
  /** Names of webhooks that there still are. */
  webhooks: Map<string, string>;
}

/**
 * Turns all that a tenant's contacts have yet to be told into a mail, in one transaction: a crash leaves the one or
 * the other. Where there is nobody to tell any more, it is forgotten.
 */
export async function composeMail(
  dataSource: DataSource,
  tenant: TenantId,
  compose: (material: MailMaterial) => ComposedMail,
): Promise<void> {
  await dataSource.transaction(async (manager) => {
    const [known] = await manager.query<{ name: string }[]>(
      `SELECT name FROM tenants WHERE id = $1 AND cardinality(contacts) > 0`,
      [tenant],
    );
    const [taken] = await manager.query<[OperationalNoticeRow[], number]>(
      `DELETE FROM operational_notices WHERE tenant = $1 RETURNING *`,
      [tenant],
    );
    if (!known || taken.length === 0) return;
    const mail = compose({
      name: known.name,
      notices: taken,
      webhooks: await namesOf(manager, tenant, taken),
    });
    await manager.query(
      `INSERT INTO tenant_mails (tenant, composed_at, mail, tries, next_try_at) VALUES ($1, now(), $2, 0, now())
       ON CONFLICT (tenant) DO UPDATE SET
         composed_at = now(), mail = excluded.mail, tries = 0, next_try_at = now()`,
      [tenant, JSON.stringify(mail)],
    );
  });
}

async function namesOf(manager: EntityManager, tenant: TenantId, notices: OperationalNoticeRow[]) {
  const rows = await manager.query<{ id: string; name: string }[]>(
    `SELECT id, name FROM webhooks WHERE tenant = $1 AND id = ANY($2)`,
    [tenant, notices.map(({ webhook_id }) => webhook_id)],
  );
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** A mail that is due. */
export interface DueMail {
  tenant: TenantId;
  /** Who gets it; none where the tenant has nobody to tell any more. */
  contacts: string[];
  mail: ComposedMail;
  /** How often it was tried before. */
  tries: number;
}

/** The mails of all tenants that are to be sent now, those that wait longest first. */
export async function dueMails(dataSource: DataSource, limit: number): Promise<DueMail[]> {
  return dataSource.query<DueMail[]>(
    `SELECT m.tenant, coalesce(t.contacts, '{}') AS contacts, m.mail, m.tries
       FROM tenant_mails m
       LEFT JOIN tenants t ON t.id = m.tenant
      WHERE m.mail IS NOT NULL AND m.next_try_at <= now()
      ORDER BY m.next_try_at
      LIMIT $1`,
    [limit],
  );
}

/** The mail is through with: sent, or given up. */
export async function endMail(dataSource: DataSource, tenant: TenantId): Promise<void> {
  await dataSource.query(`UPDATE tenant_mails SET mail = NULL WHERE tenant = $1`, [tenant]);
}

/** The mail is tried again after a while, in milliseconds. */
export async function postponeMail(dataSource: DataSource, tenant: TenantId, ms: number): Promise<void> {
  await dataSource.query(
    `UPDATE tenant_mails SET tries = tries + 1, next_try_at = now() + make_interval(secs => $2) WHERE tenant = $1`,
    [tenant, ms / 1_000],
  );
}

/** Forgets when tenants that are gone were written to. */
export async function forgetMailsOfDeleted(dataSource: DataSource): Promise<void> {
  await dataSource.query(
    `DELETE FROM tenant_mails m WHERE NOT EXISTS (SELECT FROM tenants t WHERE t.id = m.tenant)`,
  );
}
