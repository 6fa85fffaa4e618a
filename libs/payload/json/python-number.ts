/** Python writes floats from here on with an exponent, and those below 1e-4 (float.__repr__). */
const FIXED_UP_TO = 16;
const FIXED_FROM = -4;

/** A number as Python writes it after it has read this text: whole numbers with all their digits, others as floats. */
export function pythonNumber(text: string): string {
  if (/^-?\d+$/.test(text)) return text === '-0' ? '0' : text;
  const value = Number(text);
  // No JSON says what Python would: the text stays.
  if (!Number.isFinite(value)) return text;
  const sign = Object.is(value, -0) || value < 0 ? '-' : '';
  const [, first = '0', rest = '', exponentText = '0'] =
    /^(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(Math.abs(value).toExponential()) ?? [];
  return sign + written(first + rest, Number(exponentText));
}

/** @param digits the shortest that tell the number from its neighbours; the point is after the first */
function written(digits: string, exponent: number): string {
  if (exponent < FIXED_FROM || exponent >= FIXED_UP_TO) {
    const mantissa = digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`;
    return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${whole}.${digits.slice(exponent + 1) || '0'}`;
}

/** A number in a text that Python and JavaScript both write after they have read it; Python's where there is none. */
export function commonNumber(text: string): string {
  const python = pythonNumber(text);
  if (/^-?\d+$/.test(text)) return python;
  const javascript = JSON.stringify(Number(text));
  return pythonNumber(javascript) === javascript ? javascript : python;
}
