import type { TenantId } from '#domain';
import type { DataSource } from 'typeorm';

/** An answer that is kept to be given again. */
export interface SealedAnswer {
  tenant: TenantId;
  key: string;
  route: string;
  /** Sealed. */
  answer: string;
}

/** The place that the answer to a request is sealed for. */
export function placeOfAnswer({ tenant, key, route }: Omit<SealedAnswer, 'answer'>): {
  tenant: TenantId;
  answer: string;
} {
  return { tenant, answer: `${route} ${key}` };
}

/** All answers that can still be asked for, a page at a time. */
export async function* allSealedAnswers(
  dataSource: DataSource,
  pageSize: number,
): AsyncGenerator<SealedAnswer[]> {
  let after = ['', '', ''];
  for (;;) {
    const rows = await dataSource.query<SealedAnswer[]>(
      `SELECT tenant, key, route, answer FROM idempotency_keys
       WHERE (tenant, key, route) > ($1, $2, $3) AND answer IS NOT NULL AND expires_at >= now()
       ORDER BY tenant, key, route LIMIT $4`,
      [...after, pageSize],
    );
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < pageSize) return;
    after = [last.tenant, last.key, last.route];
  }
}

/** @returns false when the answer is no longer the one that was read; nothing is written then */
export async function replaceSealedAnswer(
  dataSource: DataSource,
  { tenant, key, route, answer }: SealedAnswer,
  after: string,
): Promise<boolean> {
  const written = await dataSource.query<[unknown[], number]>(
    `UPDATE idempotency_keys SET answer = $5 WHERE (tenant, key, route) = ($1, $2, $3) AND answer = $4`,
    [tenant, key, route, answer, after],
  );
  return written[1] === 1;
}
