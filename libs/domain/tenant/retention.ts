/** For how many days the record of a tenant is kept that says nothing else. */
export const DEFAULT_RETENTION_DAYS = 30;

const DAY_MS = 86_400_000;

/** Days after which the record of a tenant goes. @param said the tenant's `retention_days` */
export function retentionDays(said: number | null): number {
  return said ?? DEFAULT_RETENTION_DAYS;
}

/**
 * From when on a record is kept: whole days in UTC, so that a day goes all at
 * once, and what is promised is kept at every hour: that many days before today, and today.
 * @param days as retentionDays gives them
 * @param now milliseconds since 1970
 * @returns the beginning of a day, milliseconds since 1970
 */
export function keptSince(days: number, now: number): number {
  return startOfDay(now) - days * DAY_MS;
}

/** When a day goes that begins at this time, milliseconds since 1970. */
export function goesAt(day: number, days: number): number {
  return startOfDay(day) + (days + 1) * DAY_MS;
}

/** The beginning of the UTC day of a time, milliseconds since 1970. */
export function startOfDay(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS;
}

/** Days for which each tenant keeps its record. */
export interface Retentions {
  of: ReadonlyMap<string, number>;
  /** Of the tenant that keeps it longest. */
  longest: number;
  /** Of those that are gone, or never were: what they published stays for a while. */
  others: number;
}

/** @param tenants every tenant that there is */
export function retentionsOf(tenants: Iterable<{ id: string; retention_days: number | null }>): Retentions {
  const of = new Map(Array.from(tenants, ({ id, retention_days }) => [id, retentionDays(retention_days)]));
  let longest = of.size === 0 ? DEFAULT_RETENTION_DAYS : 0;
  for (const days of of.values()) longest = Math.max(longest, days);
  return { of, longest, others: Math.min(DEFAULT_RETENTION_DAYS, longest) };
}

/** Whether a day of a tenant's record is kept no more. @param day its beginning, milliseconds since 1970 */
export function isOver(retentions: Retentions, tenant: string, day: number, now: number): boolean {
  return day < keptSince(retentions.of.get(tenant) ?? retentions.others, now);
}

/** The part of today, and a day until the sweep has been and whoever rebuilds has begun. */
const MARGIN_HOURS = 48;

/** Until the last attempt of what is owed has been made. */
const OWED_MARGIN_HOURS = 24;

/**
 * For how long the streams keep what the record is made of, in hours. JOURNAL
 * a little longer than the longest record, so that all that is kept can be
 * made again (tidings rebuild). EVENTS as long, so that large events, which are
 * nowhere else, can be replayed; and longer where deliveries of them may be owed for longer.
 * @param longest days
 * @param owedFor for how long a delivery may be owed, hours
 */
export function streamAges(longest: number, owedFor: number): { events: number; journal: number } {
  const journal = longest * 24 + MARGIN_HOURS;
  return { journal, events: Math.max(journal, owedFor + OWED_MARGIN_HOURS) };
}
