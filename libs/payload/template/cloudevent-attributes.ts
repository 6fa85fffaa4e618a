import type { PayloadEvent } from '../payload-event.js';
import { isUri, isUriReference } from './uri-reference.js';

/** CloudEvents 1.0.2, section 3, "Naming Conventions": lower-case letters and digits, 20 of them at most. */
const NAME = /^[a-z0-9]{1,20}$/;
const OWN = new Set(['specversion', 'id', 'type', 'time', 'source', 'data', 'datacontenttype']);
const INT32 = 2 ** 31;

/**
 * The attributes of an event as a CloudEvent: the required ones, and those
 * that it came with, which lie in its metadata (read-event.ts). What cannot be
 * an attribute stays behind.
 * @param metadata as it was parsed
 */
export function cloudEventAttributes(
  { id, type, timestamp, tenant }: PayloadEvent,
  metadata: Readonly<Record<string, unknown>>,
): Record<string, string | number | boolean> {
  const { source } = metadata;
  const attributes: Record<string, string | number | boolean> = {
    specversion: '1.0',
    id,
    source:
      typeof source === 'string' && source !== '' && isUriReference(source)
        ? source
        : `urn:tidings:${tenant}`,
    type,
    time: timestamp,
    datacontenttype: 'application/json',
  };
  for (const [name, value] of Object.entries(metadata))
    if (NAME.test(name) && !OWN.has(name) && isAttributeValue(value) && isOfItsType(name, value))
      attributes[name] = value;
  return attributes;
}

/** CloudEvents 1.0.2, section 3.1: the optional attributes have types of their own; extensions may have any. */
function isOfItsType(name: string, value: string | number | boolean): boolean {
  if (name === 'subject') return typeof value === 'string';
  if (name === 'dataschema') return typeof value === 'string' && isUri(value);
  return true;
}

function isAttributeValue(value: unknown): value is string | number | boolean {
  if (typeof value === 'string') return value !== '' && value.isWellFormed() && !/\p{Cc}/u.test(value);
  if (typeof value === 'number') return Number.isInteger(value) && value >= -INT32 && value < INT32;
  return typeof value === 'boolean';
}

/** CloudEvents 1.0.2, HTTP binding, section 3.1.3.2: what is not visible ASCII, `"` and `%` are percent-encoded. */
export function ceHeaderValue(value: string | number | boolean): string {
  return String(value).replaceAll(/[^\x21-\x7e]|["%]/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}
