/**
 * What a spreadsheet takes for the beginning of a formula, whatever the file
 * says: a receiver's answer or a publisher's id could make it run one (CWE-1236).
 */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Characters for which a field must stand in quotes (RFC 4180). */
const QUOTED = /[",\r\n]/;

export const END_OF_LINE = '\r\n';

/**
 * A line of CSV, with its end. Texts that a spreadsheet would take for a
 * formula begin with an apostrophe; numbers, which are ours, do not. What is
 * nothing is an empty field, and what is neither text nor number JSON.
 */
export function csvLine(values: readonly unknown[]): string {
  return values.map(csvField).join(',') + END_OF_LINE;
}

function csvField(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return QUOTED.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
