/** JSON text that goes into an answer as it is: bytes, key order and numbers are kept. */
export class RawJson {
  constructor(readonly text: string) {}
}

/** The JSON text of an object whose members are values, or texts that are JSON already. */
export function jsonObject(members: Record<string, unknown>): string {
  const parts = Object.entries(members).map(([key, value]) => {
    const text = value instanceof RawJson ? value.text : JSON.stringify(value);
    return `${JSON.stringify(key)}:${text}`;
  });
  return `{${parts.join(',')}}`;
}
