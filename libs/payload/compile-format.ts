import type { PayloadFormat } from '#domain';
import type { PayloadEvent } from './payload-event.js';
import { renderStandard } from './standard.js';

/** What a format makes of an event; it is signed and sent as it is here. */
export interface RenderedPayload {
  /** `Content-Type` and what the format adds, by name; what Tidings and the webhook set besides is not among them. */
  headers: Record<string, string>;
  body: Buffer;
}

/** A format made ready: what would otherwise be worked out for each request. */
export interface PayloadRenderer {
  /** Never throws for an event whose data and metadata are JSON. */
  render: (event: PayloadEvent) => RenderedPayload;
}

/**
 * @param format one that formatFaults has nothing against
 * @throws Error when a template cannot be read
 */
export function compileFormat(format: PayloadFormat): PayloadRenderer {
  if (format !== 'standard' && (typeof format === 'string' || format.body !== null))
    throw new Error('Only the standard format can be rendered yet.');
  return STANDARD;
}

const JSON_HEADERS = { 'Content-Type': 'application/json' };
const STANDARD: PayloadRenderer = {
  render({ type, timestamp, data }) {
    return { headers: JSON_HEADERS, body: renderStandard(type, timestamp, data) };
  },
};
