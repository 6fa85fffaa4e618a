import type { TenantId } from '#domain';
import { retainedSince, type DataSource } from '#persistence';

/** No record is kept for less than a day: what is younger need not be asked about. */
const ALWAYS_KEPT_MS = 86_400_000;

/**
 * Since when a tenant's record is shown, where something of that age may be
 * older: rows that the sweep has yet to come to are not shown any more.
 * @returns undefined when it is young enough for any tenant
 */
export async function noLongerBefore(
  database: DataSource,
  tenant: TenantId,
  oldest: Date | number | undefined,
): Promise<Date | undefined> {
  if (oldest === undefined || Number(oldest) > Date.now() - ALWAYS_KEPT_MS) return undefined;
  return retainedSince(database, tenant);
}

/** What a problem adds about an id that says its time, when that is before what is kept. */
export function goneSince(since: Date | undefined, at: number | undefined): string {
  if (!since || at === undefined || at >= since.getTime()) return '';
  return ` What was before ${since.toISOString()} is kept no more.`;
}
