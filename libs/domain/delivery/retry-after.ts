const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)';
const LONG_DAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)';
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';

/** The three forms of RFC 9110, 5.6.7, in their order there; the last two are old, and must be read still. */
const HTTP_DATES = [
  `${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<shortYear>\\d\\d) ${TIME} GMT`,
  `${DAY} ${MONTH} (?<day>[ \\d]\\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`, 'i'));

/** A year of two digits that would lie further ahead is one gone by. */
const AHEAD_YEARS = 50;

/**
 * Reads the header `Retry-After` (RFC 9110, 10.2.3), seconds or a date.
 * `Date.parse` would take `-1` for a year and read the third form of a date in
 * the machine's own time zone.
 * @param now milliseconds since 1970, against which a date is read
 * @returns seconds from now; 0 when it says nothing or the date has gone by
 */
export function retryAfterSeconds(value: string | undefined, now: number): number {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text);
  const at = readHttpDate(text, now);
  return at === undefined ? 0 : Math.max(0, (at - now) / 1000);
}

function readHttpDate(text: string, now: number): number | undefined {
  for (const form of HTTP_DATES) {
    const parts = form.exec(text)?.groups;
    if (!parts) continue;
    const { year, shortYear, month = '', day, hour, minute, second } = parts;
    const monthIndex = MONTHS.indexOf(month.toLowerCase());
    const fullYear = year === undefined ? fullYearOf(Number(shortYear), now) : Number(year);
    // A leap second is written as 60.
    if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return undefined;
    const midnight = new Date(Date.UTC(fullYear, monthIndex, Number(day)));
    if (midnight.getUTCMonth() !== monthIndex || midnight.getUTCDate() !== Number(day)) return undefined;
    return midnight.getTime() + (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000;
  }
  return undefined;
}

function fullYearOf(shortYear: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const inThisCentury = thisYear - (thisYear % 100) + shortYear;
  return inThisCentury > thisYear + AHEAD_YEARS ? inThisCentury - 100 : inThisCentury;
}
